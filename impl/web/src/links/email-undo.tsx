import { attempt, planoauth } from "../api";
import { data, translate } from "../document";
import { SingleCard } from "../ui/frame";
import { Another, anotherResetLink } from "./another";
import { HelpOrNext, Next } from "./done";
import { email, token } from "./link";
import { LinkForm } from "./link-form";

const text = translate({
  en: {
    title: "Undo the change",
    gets: (name: string) => `Your ${name} account gets its old address back:`,
    signedOut: "The account is then signed out on all devices, and so is whoever changed the address.",
    done: "Your account has its old address again",
    now: "Whoever changed it may know your password. Set a new one now. We can send a link for it to",
    link: "E-mail me the link",
  },
  es: {
    title: "Deshacer el cambio",
    gets: (name: string) => `Tu cuenta de ${name} recupera su dirección anterior:`,
    signedOut: "Después se cerrará la sesión en todos los dispositivos, también la de quien cambió la dirección.",
    done: "Has recuperado tu dirección anterior",
    now: "Quien la cambió puede conocer tu contraseña. Crea una nueva ahora. Podemos enviar un enlace para ello a",
    link: "Enviarme el enlace",
  },
});

/** Gives the account its old address back, and offers a new password, which whoever changed the address may know. */
export function EmailUndo() {
  return (
    <LinkForm
      title={text.title}
      about={text.gets(data.application.name)}
      action={text.title}
      hint={text.signedOut}
      instead={(status) => (status === "invalid-email-change-link" || status === "email-change-link-expired") && <HelpOrNext />}
      use={() => attempt(planoauth.usersEmailChangeUndo({ undo_token: token }, { token: null }))}
      done={(mailed) => (
        <SingleCard title={text.done}>
          <p>
            {text.now} <strong>{email}</strong>.
          </p>
          <Another request={anotherResetLink} label={text.link} sent={mailed} main />
          <Next plain />
        </SingleCard>
      )}
    />
  );
}
