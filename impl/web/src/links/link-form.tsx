import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../api";
import { Form } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { Sent } from "./another";
import { email } from "./link";

interface LinkFormProps {
  title: string;
  /** What the link does with the address, which is shown after it. */
  about: string;
  action: string;
  /** What else the person has to know. */
  hint: string;
  /** Uses the link. */
  use(values: Record<string, string>): Promise<Answer>;
  /** Shown when the link was used. */
  done(mailed: () => void): ComponentChildren;
  /** What helps after a refusal that stays; null after others. */
  instead(status: string, mailed: () => void): ComponentChildren;
  children?: ComponentChildren;
}

/** The page of a link that is used with one form. Its mailed says that another link is on its way. */
export function LinkForm({ title, about, action, hint, use, done, instead, children }: LinkFormProps) {
  const [used, setUsed] = useState(false);
  const [sent, setSent] = useState(false);
  const mailed = () => setSent(true);

  async function send(values: Record<string, string>) {
    const answer = await use(values);
    if (answer === "unreachable" || answer.status !== "action-successful") return answer;
    setUsed(true);
    return null;
  }

  if (sent) return <Sent back={() => setSent(false)} />;
  if (used) return <>{done(mailed)}</>;
  return (
    <SingleCard title={title}>
      <p>
        {about} <strong>{email}</strong>
      </p>
      <Form send={send} action={action} note={hint} instead={(answer) => answer !== "unreachable" && instead(answer.status, mailed)}>
        {children}
      </Form>
    </SingleCard>
  );
}
