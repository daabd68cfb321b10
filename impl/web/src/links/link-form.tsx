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
  /** Shown in a refusal: what else the person can do. */
  remedy?(status: string, mailed: () => void): ComponentChildren;
  children?: ComponentChildren;
}

/** The page of a link that is used with one form. Its mailed says that another link is on its way. */
export function LinkForm({ title, about, action, hint, use, done, remedy, children }: LinkFormProps) {
  const [state, setState] = useState<"asking" | "done" | "mailed">("asking");
  const mailed = () => setState("mailed");

  async function send(values: Record<string, string>) {
    const answer = await use(values);
    if (answer === "unreachable" || answer.status !== "action-successful") return answer;
    setState("done");
    return null;
  }

  if (state === "mailed") return <Sent />;
  if (state === "done") return <>{done(mailed)}</>;
  return (
    <SingleCard title={title}>
      <p>
        {about} <strong>{email}</strong>
      </p>
      <Form send={send} action={action} remedy={(answer) => answer !== "unreachable" && remedy?.(answer.status, mailed)}>
        {children}
      </Form>
      <p class="small quiet">{hint}</p>
    </SingleCard>
  );
}
