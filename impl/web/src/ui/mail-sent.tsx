import type { ComponentChildren } from "preact";
import { data, translate } from "../document";

const text = translate({
  en: { title: "Check your mail", nothing: "No mail after a few minutes? Look in your spam folder, or check the address." },
  es: {
    title: "Revisa tu correo",
    nothing: "¿No llega nada después de unos minutos? Mira en la carpeta de correo no deseado o comprueba la dirección.",
  },
});

/** The heading of a page on which a mail is on its way. */
export const mailSentTitle = () => text.title;

/** Says that a mail is on its way to an address, and what to do if it does not come. Other ways on stand below. */
export function MailSent({ said, email, children }: { said: string; email: string; children?: ComponentChildren }) {
  return (
    <>
      <p>{said}</p>
      <p>
        <strong>{email}</strong>
      </p>
      {data.mailbox && (
        <p>
          <a href={data.mailbox}>{data.mailbox}</a>
        </p>
      )}
      <p class="small quiet">{text.nothing}</p>
      {children && <p class="links">{children}</p>}
    </>
  );
}
