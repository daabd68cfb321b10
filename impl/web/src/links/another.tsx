import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { data, translate } from "../document";
import { SingleCard } from "../ui/frame";
import { Refusal } from "../ui/refusal";
import { application, email, redirect } from "./link";

const text = translate({
  en: {
    title: "Check your mail",
    sent: "A new link is on its way to",
    wait: "It can take a minute. If it does not come, look among the junk mail.",
  },
  es: {
    title: "Revisa tu correo",
    sent: "Hemos enviado un enlace nuevo a",
    wait: "Puede tardar un minuto. Si no llega, mira en el correo no deseado.",
  },
});

/** Mails another sign-in link to the address of the link. */
export const anotherMagicLink = () => attempt(planoauth.sessionsMagicLinkRequest({ email, application, ...redirect }, { token: null }));

/** Mails a link to set a password to the address of the link. */
export const anotherResetLink = () => attempt(planoauth.usersPasswordResetRequest({ email, application, ...redirect }, { token: null }));

interface AnotherProps {
  request(): Promise<Answer>;
  label: string;
  /** Called when the mail is on its way. */
  sent(): void;
  /** Whether it is the main thing to do on the page, not something beside it. */
  main?: boolean;
}

/** A button that has another link mailed, and shows why that did not work. */
export function Another({ request, label, sent, main = false }: AnotherProps) {
  const [refused, setRefused] = useState<Answer | null>(null);
  const [busy, setBusy] = useState(false);

  async function send() {
    if (busy) return;
    setBusy(true);
    const answer = await request();
    setBusy(false);
    if (answer !== "unreachable" && answer.status === "action-successful") sent();
    else setRefused(answer);
  }

  return (
    <>
      <Refusal answer={refused} />
      <button type="button" class={main ? "button wide" : "text-button"} aria-disabled={busy} onClick={send}>
        {label}
      </button>
    </>
  );
}

/** Says that another link is on its way to the address of the link. */
export function Sent({ children }: { children?: ComponentChildren }) {
  return (
    <SingleCard title={text.title}>
      <p>
        {text.sent} <strong>{email}</strong>.
      </p>
      <p class="quiet">{text.wait}</p>
      {data.mailbox && (
        <p>
          <a href={data.mailbox}>{data.mailbox}</a>
        </p>
      )}
      {children}
    </SingleCard>
  );
}
