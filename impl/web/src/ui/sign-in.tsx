import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { data, translate } from "../document";
import { Field, Form, PasswordField } from "./form";
import { GoogleButton } from "./google-button";
import { MailSent, mailSentTitle } from "./mail-sent";
import { text as common } from "./texts";

/** A session that was just made. */
export type NewSession = components["schemas"]["Session"];

const text = translate({
  en: {
    action: "Sign in",
    or: "or",
    link: "E-mail me a sign-in link",
    linkSentTo: "If there is an account with this address, a sign-in link is on its way to it. It works once, for 15 minutes.",
    back: "Use a password instead",
    register: "Create an account",
  },
  es: {
    action: "Iniciar sesión",
    or: "o",
    link: "Enviarme un enlace de acceso",
    linkSentTo: "Si existe una cuenta con esta dirección, le hemos enviado un enlace de acceso. Funciona una sola vez, durante 15 minutos.",
    back: "Usar una contraseña",
    register: "Crear una cuenta",
  },
});

interface SignInProps {
  application: string;
  /** Where a mailed link and Google lead back to; the application's own URL by default. */
  redirectURL?: string;
  /** Where a mailed link leads back to instead, made when it is requested. */
  linkURL?: () => string;
  /** The page that Google leads back to: one of this server's, with all that it needs to go on. Absent: no such way in. */
  googleURL?: string;
  email?: string;
  /** Called with the new session. Recordless is true for somebody who has no record, and cannot do much with it. */
  done(session: NewSession, recordless: boolean): Promise<Answer | null>;
  /** Goes on to registration; absent where people cannot register. */
  register?: ((email: string) => void) | undefined;
  /** Goes on to the page for a forgotten password. */
  forgotten?: ((email: string) => void) | undefined;
  /** Called with a heading when a link was sent, and with null when the form is back. By default the heading is shown here. */
  sending?: (heading: string | null) => void;
}

/** The ways to sign in: password, mailed link, Google. */
export function SignInForm(props: SignInProps) {
  const { application, redirectURL, linkURL, googleURL, email: known = "", done, register, forgotten, sending } = props;
  const [email, setEmail] = useState(known);
  const [sent, setSent] = useState(false);
  const [refused, setRefused] = useState<Answer | null>(null);
  const back = redirectURL ? { redirect_url: redirectURL } : {};

  async function signIn({ password = "" }: Record<string, string>) {
    const outcome = await attempt(planoauth.sessionsCreate({ email, password, application, ...back }, { token: null }));
    if (outcome === "unreachable") return outcome;
    switch (outcome.status) {
      case "action-successful":
      case "mandrill-email-failed": // the session is made; only the mail about it failed
        return done(outcome.data, false);
      case "client-required":
        return done(outcome.data, true);
      default:
        return outcome;
    }
  }

  function show(sent: boolean) {
    setSent(sent);
    sending?.(sent ? mailSentTitle() : null);
  }

  async function sendLink() {
    const to = linkURL ? { redirect_url: linkURL() } : back;
    const outcome = await attempt(planoauth.sessionsMagicLinkRequest({ email, application, ...to }, { token: null }));
    const worked = outcome !== "unreachable" && outcome.status === "action-successful";
    show(worked);
    setRefused(worked ? null : outcome);
  }

  if (sent) {
    return (
      <div class="stack" role="status">
        {!sending && <h2>{mailSentTitle()}</h2>}
        <MailSent said={text.linkSentTo} email={email}>
          <Way label={text.back} go={() => show(false)} />
        </MailSent>
      </div>
    );
  }
  return (
    <div class="stack">
      {data.google && googleURL && (
        <>
          <GoogleButton application={application} backTo={googleURL} failed={setRefused} />
          <p class="divider">{text.or}</p>
        </>
      )}
      <Form
        send={(values) => (setRefused(null), signIn(values))}
        refused={refused}
        action={text.action}
        remedy={(answer) => {
          if (answer === "unreachable") return null;
          if (answer.status === "email-not-found" && register) return <Way label={text.register} go={() => register(email)} />;
          if (answer.status === "user-has-no-password") return <Way label={text.link} go={sendLink} />;
          if (answer.status === "invalid-password" && forgotten) return <Way label={common.forgotten} go={() => forgotten(email)} />;
          if ((answer.status === "user-requires-role" || answer.status === "user-suspended") && data.application.support_url) {
            return (
              <a href={data.application.support_url} rel="noreferrer">
                {common.help}
              </a>
            );
          }
          return null;
        }}
      >
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
        <PasswordField name="password" label={common.password} autocomplete="current-password" />
      </Form>
      <button type="button" class="button plain wide" onClick={sendLink}>
        {text.link}
      </button>
      {(register || forgotten) && (
        <p class="links">
          {forgotten && <Way label={common.forgotten} go={() => forgotten(email)} />}
          {register && <Way label={text.register} go={() => register(email)} />}
        </p>
      )}
    </div>
  );
}

function Way({ label, go }: { label: string; go(): void }) {
  return (
    <button type="button" class="text-button" onClick={go}>
      {label}
    </button>
  );
}
