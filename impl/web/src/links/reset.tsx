import { attempt, planoauth } from "../api";
import { data, translate } from "../document";
import { NewPasswordField } from "../ui/new-password";
import { Another, anotherResetLink } from "./another";
import { Done } from "./done";
import { email, link, token } from "./link";
import { LinkForm } from "./link-form";

const text = translate({
  en: {
    title: "Set a new password",
    of: "For the account",
    signedOut: "The account is then signed out on all devices.",
    welcome: (name: string) => `Welcome to ${name}`,
    invited: "An account was made for you. Choose a password, and sign in from now on with this address:",
    stranger: (name: string) => `If you do not know ${name}, somebody has typed your address by mistake. Close this page.`,
    password: "New password",
    action: "Set the password",
    another: "E-mail me a new link",
    done: "Your password is set",
    from: "From now on, use the new password to sign in as",
  },
  es: {
    title: "Crear una contraseña nueva",
    of: "Para la cuenta",
    signedOut: "Después se cerrará la sesión en todos los dispositivos.",
    welcome: (name: string) => `Te damos la bienvenida a ${name}`,
    invited: "Hemos creado una cuenta para ti. Elige una contraseña e inicia sesión a partir de ahora con esta dirección:",
    stranger: (name: string) => `Si no conoces ${name}, alguien ha escrito tu dirección por error. Cierra esta página.`,
    password: "Contraseña nueva",
    action: "Guardar la contraseña",
    another: "Enviarme un enlace nuevo",
    done: "Tu contraseña está guardada",
    from: "A partir de ahora, usa la contraseña nueva para iniciar sesión como",
  },
});

/** Sets a password, after one was forgotten or for an account that somebody else has made. */
export function Reset() {
  const { name } = data.application;
  const invitation = link.kind === "invitation";
  return (
    <LinkForm
      title={invitation ? text.welcome(name) : text.title}
      about={invitation ? text.invited : text.of}
      action={text.action}
      hint={invitation ? text.stranger(name) : text.signedOut}
      use={({ password = "" }) => attempt(planoauth.usersPasswordReset({ reset_token: token, password }, { token: null }))}
      instead={(status, mailed) =>
        (status === "invalid-reset-link" || status === "reset-link-expired") && (
          <Another request={anotherResetLink} label={text.another} sent={mailed} main />
        )
      }
      done={() => (
        <Done title={text.done}>
          <p>
            {text.from} <strong>{email}</strong>.
          </p>
        </Done>
      )}
    >
      <input type="email" name="email" value={email} autocomplete="username" readOnly hidden />
      <NewPasswordField name="password" label={text.password} person={() => ({ email })} token={null} />
    </LinkForm>
  );
}
