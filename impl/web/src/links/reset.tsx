import { useState } from "preact/hooks";
import { attempt, planoauth } from "../api";
import { data, translate } from "../document";
import { Form } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { NewPasswordField } from "../ui/new-password";
import { Another, anotherResetLink, Sent } from "./another";
import { Done } from "./done";
import { email, link, token } from "./link";

const text = translate({
  en: {
    title: "Set a new password",
    of: "For the account",
    signedOut: "Wherever you are signed in to the account, you will be signed out.",
    welcome: (name: string) => `Welcome to ${name}`,
    invited: "An account was made for you. You sign in with this address, and with the password that you choose here:",
    stranger: (name: string) => `If you do not know ${name}, somebody has typed your address by mistake. Close this page.`,
    password: "New password",
    action: "Set the password",
    another: "Send me a new link",
    done: "Your password is set",
    from: "From now on, sign in with the new password and",
  },
  es: {
    title: "Crear una contraseña nueva",
    of: "Para la cuenta",
    signedOut: "Se cerrará la sesión en todos los sitios donde esté abierta con esta cuenta.",
    welcome: (name: string) => `Te damos la bienvenida a ${name}`,
    invited: "Hemos creado una cuenta para ti. Inicia sesión con esta dirección y con la contraseña que elijas aquí:",
    stranger: (name: string) => `Si no conoces ${name}, alguien ha escrito tu dirección por error. Cierra esta página.`,
    password: "Contraseña nueva",
    action: "Guardar la contraseña",
    another: "Enviarme un enlace nuevo",
    done: "Tu contraseña está guardada",
    from: "A partir de ahora, inicia sesión con la contraseña nueva y con",
  },
});

/** Sets a password, after one was forgotten or for an account that somebody else has made. */
export function Reset() {
  const [state, setState] = useState<"asking" | "done" | "sent">("asking");
  const { name } = data.application!;
  const invitation = link.kind === "invitation";

  async function send({ password = "" }: Record<string, string>) {
    const outcome = await attempt(planoauth.usersPasswordReset({ reset_token: token, password }, { token: null }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    setState("done");
    return null;
  }

  if (state === "sent") return <Sent />;
  if (state === "done") {
    return (
      <Done title={text.done}>
        <p>
          {text.from} <strong>{email}</strong>.
        </p>
      </Done>
    );
  }
  return (
    <SingleCard title={invitation ? text.welcome(name) : text.title}>
      <p>
        {invitation ? text.invited : text.of} <strong>{email}</strong>
      </p>
      <Form
        send={send}
        action={text.action}
        remedy={(answer) =>
          answer !== "unreachable" &&
          (answer.status === "invalid-reset-link" || answer.status === "reset-link-expired") && (
            <Another request={anotherResetLink} label={text.another} sent={() => setState("sent")} />
          )
        }
      >
        <input type="email" name="email" value={email} autocomplete="username" readOnly hidden />
        <NewPasswordField name="password" label={text.password} person={() => ({ email })} token={null} />
      </Form>
      <p class="small quiet">{invitation ? text.stranger(name) : text.signedOut}</p>
    </SingleCard>
  );
}
