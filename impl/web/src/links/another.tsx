import { useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { translate } from "../document";
import { SingleCard } from "../ui/frame";
import { MailSent, mailSentTitle } from "../ui/mail-sent";
import { Refusal } from "../ui/refusal";
import { application, email, redirect } from "./link";

const text = translate({
  en: { sent: "A new link is on its way to this address:", back: "Back" },
  es: { sent: "Hemos enviado un enlace nuevo a esta dirección:", back: "Volver" },
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
export function Sent({ back }: { back(): void }) {
  return (
    <SingleCard title={mailSentTitle()}>
      <MailSent said={text.sent} email={email}>
        <button type="button" class="text-button" onClick={back}>
          {text.back}
        </button>
      </MailSent>
    </SingleCard>
  );
}
