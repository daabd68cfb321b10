import { useState } from "preact/hooks";
import { planoauth } from "../api";
import { data, translate } from "../document";
import { Form, PasswordField } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { text as common } from "../ui/texts";
import { Another, anotherMagicLink, anotherResetLink, Sent } from "./another";
import { Done, Next } from "./done";
import { email, link, redirect, token } from "./link";
import { withSignIn } from "./with-sign-in";

const text = translate({
  en: {
    title: "Confirm your address",
    why: (name: string) => `Enter the password of your ${name} account to confirm that this address is yours:`,
    action: "Confirm the address",
    stranger: "If you did not register, somebody has typed your address by mistake. Close this page.",
    forgotten: "E-mail me a link to set a new password",
    old: "This link is too old",
    again: (name: string) => `Enter the password of your ${name} account, and we send a new link to this address:`,
    another: "E-mail me a new link",
    noPassword: "This account has no password. A sign-in link confirms the address as well. We can send one to",
    signInLink: "E-mail me a sign-in link",
    done: "Your address is confirmed",
    yours: "You have shown that this address is yours:",
  },
  es: {
    title: "Confirma tu dirección",
    why: (name: string) => `Escribe la contraseña de tu cuenta de ${name} para confirmar que esta dirección es tuya:`,
    action: "Confirmar la dirección",
    stranger: "Si no te has registrado, alguien ha escrito tu dirección por error. Cierra esta página.",
    forgotten: "Enviarme un enlace para crear una contraseña nueva",
    old: "Este enlace ha caducado",
    again: (name: string) => `Escribe la contraseña de tu cuenta de ${name} y enviaremos un enlace nuevo a esta dirección:`,
    another: "Enviarme un enlace nuevo",
    noPassword: "Esta cuenta no tiene contraseña. Un enlace de acceso también confirma la dirección. Podemos enviar uno a",
    signInLink: "Enviarme un enlace de acceso",
    done: "Tu dirección está confirmada",
    yours: "Has demostrado que esta dirección es tuya:",
  },
});

/**
 * Confirms an address. It asks for the password, so that a click confirms nothing for a stranger who registered it. With an
 * expired link it mails another one, for which the operation wants a session too.
 */
export function Verification() {
  const [state, setState] = useState<"asking" | "done" | "sent">("asking");
  const { name } = data.application;
  const [expired, setExpired] = useState(link.expired ?? false);

  async function send({ password = "" }: Record<string, string>) {
    const answer = await withSignIn(email, password, (session) =>
      expired
        ? planoauth.usersEmailVerificationRequest(redirect, { token: session })
        : planoauth.usersEmailVerify({ verification_token: token }, { token: session }),
    );
    if (answer === "unreachable") return answer;
    if (answer.status === "action-successful") setState(expired ? "sent" : "done");
    else if (answer.status === "email-already-verified") setState("done");
    else if (answer.status === "verification-link-expired") setExpired(true); // while the page was open
    else return answer;
    return null;
  }

  if (state === "sent") return <Sent back={() => setState("asking")} />;
  if (state === "done") {
    return (
      <Done title={text.done}>
        <p>
          {text.yours} <strong>{email}</strong>
        </p>
      </Done>
    );
  }
  const title = expired ? text.old : text.title;
  if (!link.has_password) {
    return (
      <SingleCard title={title}>
        <p>
          {text.noPassword} <strong>{email}</strong>.
        </p>
        <Another request={anotherMagicLink} label={text.signInLink} sent={() => setState("sent")} main />
      </SingleCard>
    );
  }
  return (
    <SingleCard title={title}>
      <p>
        {expired ? text.again(name) : text.why(name)} <strong>{email}</strong>
      </p>
      <Form
        send={send}
        action={expired ? text.another : text.action}
        note={text.stranger}
        remedy={(answer) =>
          answer !== "unreachable" &&
          answer.status === "invalid-password" && (
            <Another request={anotherResetLink} label={text.forgotten} sent={() => setState("sent")} />
          )
        }
        instead={(answer) => answer !== "unreachable" && answer.status === "invalid-verification-link" && <Next />}
      >
        <input type="email" name="email" value={email} autocomplete="username" readOnly hidden />
        <PasswordField name="password" label={common.password} autocomplete="current-password" />
      </Form>
    </SingleCard>
  );
}
