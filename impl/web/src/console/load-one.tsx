import type { Outcome } from "planoauth";
import type { ComponentChildren } from "preact";
import { errorsOf } from "../ui/refusal";
import { text as ui } from "../ui/texts";
import { Load, type Loaded } from "./load";
import { text } from "./texts";
import { View } from "./ui/view";

interface LoadOneProps<Data> {
  of: Loaded<Data>;
  /** The list that it is one of. */
  back: { href: string; label: string };
  children: (data: Data) => ComponentChildren;
}

/** Shows the view of one thing, or why it could not be loaded: under a heading all the same. */
export function LoadOne<Data>({ of, back, children }: LoadOneProps<Data>) {
  const { refusal } = of;
  if (!refusal) return <Load of={of}>{children}</Load>;
  const missing = refusal !== "unreachable" && errorsOf(refusal).some(({ param, rule }) => param === "id" && rule === "exists");
  return (
    <View title={missing ? text.missing : text.failed} back={back}>
      {missing ? <Missing answer={refusal} /> : <div class="stack"><Load of={of}>{() => null}</Load></div>}
    </View>
  );
}

/** Says that something does not exist, which neither another attempt nor another reload changes. */
function Missing({ answer: { status, request_id } }: { answer: Outcome }) {
  return (
    <div class="notice problem" role="alert">
      <p>{text.missingWhy}</p>
      <p class="request">
        <a href={`/statuses/${status}`} target="_blank" rel="noreferrer">
          {ui.meaning}
        </a>
        <span>
          {ui.request} <code>{request_id}</code>
        </span>
      </p>
    </div>
  );
}
