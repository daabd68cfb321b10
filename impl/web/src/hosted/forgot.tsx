import { useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field, Form } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { MailSent, mailSentTitle } from "../ui/mail-sent";
import { text as common } from "../ui/texts";
import type { Ways } from "./page";
import { application, page, type Path } from "./product";

const text = translate({
  en: {
    title: "Set a new password",
    why: "We will send you a link to set a new password.",
    action: "Send the link",
    sentTo: "If there is an account with this address, a link is on its way to it. It works once, for an hour.",
    again: "Use another address",
    signIn: "Back to sign-in",
    register: "Create an account",
    back: `Back to ${application.name}`,
  },
  es: {
    title: "Crear una contraseña nueva",
    why: "Te enviaremos un enlace para crear una contraseña nueva.",
    action: "Enviar el enlace",
    sentTo: "Si existe una cuenta con esta dirección, le hemos enviado un enlace. Funciona una sola vez, durante una hora.",
    again: "Usar otra dirección",
    signIn: "Volver al inicio de sesión",
    register: "Crear una cuenta",
    back: `Volver a ${application.name}`,
  },
});

/** The page /forgot. It ends with a mail, so that products may open it without a challenge. */
export function Forgot({ email, setEmail, go }: Ways) {
  const [sent, setSent] = useState(false);

  async function send() {
    const params = { email, application: application.slug, redirect_url: page.redirect_url };
    const outcome = await attempt(planoauth.usersPasswordResetRequest(params, { token: null }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    setSent(true);
    return null;
  }

  const to = (path: Path, label: string) => (
    <button type="button" class="text-button" onClick={() => go(path)}>
      {label}
    </button>
  );
  const home = application.slug === "planoauth" ? "/account" : page.redirect_url;
  const back = page.challenge ? to("/sign-in", text.signIn) : <a href={home}>{text.back}</a>;
  const open = page.challenge && application.admits_clients;
  const mayRegister = (answer: Answer) => open && answer !== "unreachable" && answer.status === "email-not-found";
  if (sent) {
    return (
      <SingleCard title={mailSentTitle()}>
        <MailSent said={text.sentTo} email={email}>
          <button type="button" class="text-button" onClick={() => setSent(false)}>
            {text.again}
          </button>
          {back}
        </MailSent>
      </SingleCard>
    );
  }
  return (
    <SingleCard title={text.title}>
      <p>{text.why}</p>
      <Form send={send} action={text.action} remedy={(answer) => (mayRegister(answer) ? to("/register", text.register) : null)}>
        <Field
          name="email"
          type="email"
          label={common.email}
          autocomplete="username"
          autoCapitalize="none"
          spellcheck={false}
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
      </Form>
      <p class="links">{back}</p>
    </SingleCard>
  );
}
