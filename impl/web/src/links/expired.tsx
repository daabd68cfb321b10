import { useState } from "preact/hooks";
import { data, translate } from "../document";
import { SingleCard } from "../ui/frame";
import { Another, anotherMagicLink, anotherResetLink, Sent } from "./another";
import { HelpOrNext, Next } from "./done";
import { email, link } from "./link";
import { Verification } from "./verification";

const text = translate({
  en: {
    title: "This link is too old",
    why: "For your safety, a link works for a short time only. We can send a new one to",
    another: "E-mail me a new link",
    change:
      "For your safety, a link works for a short time only. The address was not changed. You can change it again on your account page.",
    byAdmin:
      "For your safety, a link works for a short time only. The address was not changed. Ask the administrator to change it again.",
    undo: "A change of address can be taken back for three days only.",
    ask: "If you did not change it yourself, ask for help.",
    tell: (name: string) => `If you did not change it yourself, tell the people who run ${name}.`,
    account: "Go to your account",
  },
  es: {
    title: "Este enlace ha caducado",
    why: "Por tu seguridad, estos enlaces solo funcionan durante poco tiempo. Podemos enviar uno nuevo a",
    another: "Enviarme un enlace nuevo",
    change:
      "Por tu seguridad, estos enlaces solo funcionan durante poco tiempo. La dirección no ha cambiado. Puedes cambiarla de nuevo en la página de tu cuenta.",
    byAdmin:
      "Por tu seguridad, estos enlaces solo funcionan durante poco tiempo. La dirección no ha cambiado. Pide al administrador que la cambie otra vez.",
    undo: "Un cambio de dirección solo se puede deshacer durante tres días.",
    ask: "Si no la cambiaste tú, pide ayuda.",
    tell: (name: string) => `Si no la cambiaste tú, avisa a quienes gestionan ${name}.`,
    account: "Ir a tu cuenta",
  },
});

/** The page of a link that is too old: it mails another one, or says how to get one. */
export function Expired() {
  const [sent, setSent] = useState(false);
  const { name, support_url } = data.application;
  if (sent) return <Sent back={() => setSent(false)} />;
  switch (link.kind) {
    case "verification":
      return <Verification />;
    case "email_change":
      return (
        <SingleCard title={text.title}>
          <p>{link.by_admin ? text.byAdmin : text.change}</p>
          {link.by_admin ? (
            <Next />
          ) : (
            <a class="button wide" href="/account" rel="noreferrer">
              {text.account}
            </a>
          )}
        </SingleCard>
      );
    case "email_change_undo":
      return (
        <SingleCard title={text.title}>
          <p>
            {text.undo} {support_url ? text.ask : text.tell(name)}
          </p>
          <HelpOrNext />
        </SingleCard>
      );
    default: {
      const request = link.kind === "magic" ? anotherMagicLink : anotherResetLink;
      return (
        <SingleCard title={text.title}>
          <p>
            {text.why} <strong>{email}</strong>.
          </p>
          <Another request={request} label={text.another} sent={() => setSent(true)} main />
        </SingleCard>
      );
    }
  }
}
