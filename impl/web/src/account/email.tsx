import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { data, translate } from "../document";
import { Action } from "../ui/action";
import { Field, Form, PasswordField } from "../ui/form";
import { Refusal } from "../ui/refusal";
import { withSession } from "../ui/signed-in";
import { forgotten, Section, type SectionProps } from "./section";

const text = translate({
  en: {
    title: "E-mail address",
    verified: "Confirmed",
    unverified: "Not confirmed",
    why: "Confirm that the address is yours: open the link in the mail that we sent to it.",
    send: "Send the mail again",
    sent: (email: string) => `A new mail is on its way to ${email}. Its link works for 7 days.`,
    already: "Your address was confirmed in the meantime.",
    change: "Change your address",
    how: "We send a link to the new address, and a notice to the current one. Nothing changes until you open the link.",
    email: "New e-mail address",
    password: "Your password",
    request: "Send the link",
    requested: (to: string, from: string) => `Open the mail that we sent to ${to} within an hour. Until then ${from} stays your address. We have sent a mail about the change to it too.`,
    mailbox: "Mails are not really sent here. Read them at",
  },
  es: {
    title: "Correo electrónico",
    verified: "Confirmado",
    unverified: "Sin confirmar",
    why: "Confirma que la dirección es tuya: abre el enlace del correo que le hemos enviado.",
    send: "Enviar el correo otra vez",
    sent: (email: string) => `Hemos enviado un nuevo correo a ${email}. Su enlace funciona durante 7 días.`,
    already: "Tu dirección se ha confirmado mientras tanto.",
    change: "Cambiar tu dirección",
    how: "Enviamos un enlace a la dirección nueva y un correo de aviso a la actual. Nada cambia hasta que abras el enlace.",
    email: "Nuevo correo electrónico",
    password: "Tu contraseña",
    request: "Enviar el enlace",
    requested: (to: string, from: string) =>
      `Abre en menos de una hora el correo que hemos enviado a ${to}. Hasta entonces ${from} sigue siendo tu dirección. También hemos enviado a ella un aviso del cambio.`,
    mailbox: "Aquí los correos no se envían de verdad. Léelos en",
  },
});
export const emailTitle = text.title;

/** The address, its confirmation, and its change. */
export function Email({ user, changed }: SectionProps) {
  const [said, setSaid] = useState<string | null>(null);
  const [refused, setRefused] = useState<Answer | null>(null);

  async function sendAgain() {
    setSaid(null);
    const outcome = await withSession(() => planoauth.usersEmailVerificationRequest({ redirect_url: `${location.origin}/account` }));
    const status = outcome === "unreachable" ? "" : outcome.status;
    const known = status === "action-successful" || status === "email-already-verified";
    setRefused(known ? null : outcome);
    if (known) setSaid(status === "action-successful" ? text.sent(user.email!) : text.already);
    if (status === "email-already-verified") changed({ ...user, email_verified: true });
  }

  return (
    <Section id="email" title={text.title} said={said}>
      <p class="row close">
        <strong>{user.email}</strong>
        <span class={`badge ${user.email_verified ? "good" : "warning"}`}>{user.email_verified ? text.verified : text.unverified}</span>
      </p>
      {!user.email_verified && (
        <>
          <p>{text.why}</p>
          <Refusal answer={refused} />
          <div class="row">
            <Action run={sendAgain}>{text.send}</Action>
          </div>
        </>
      )}
      {said && data.mailbox && (
        <p class="small">
          {text.mailbox} <a href={data.mailbox}>{data.mailbox}</a>
        </p>
      )}
      <Change user={user} say={setSaid} />
    </Section>
  );
}

function Change({ user, say }: { user: SectionProps["user"]; say(what: string | null): void }) {
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState(0); // a new form after each change

  async function request({ email = "", current_password = "" }: Record<string, string>) {
    say(null);
    const outcome = await withSession(() => planoauth.usersEmailChangeRequest({ email, ...(user.has_password && { current_password }) }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    say(text.requested(email, user.email!));
    setOpen(false);
    setMade(made + 1);
    return null;
  }

  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text.change}</summary>
      <div class="stack" key={made}>
        <p>{text.how}</p>
        <Form send={request} action={text.request} inline remedy={(answer) => forgotten(answer, user)}>
          <Field name="email" type="email" label={text.email} autocomplete="email" autoCapitalize="none" spellcheck={false} />
          {user.has_password && <PasswordField name="current_password" label={text.password} autocomplete="current-password" />}
        </Form>
      </div>
    </details>
  );
}
