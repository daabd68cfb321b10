import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import type { Answer } from "../../api";
import { Form } from "../../ui/form";
import { Refusal } from "../../ui/refusal";
import { Modal } from "../../ui/signed-in";
import { text } from "../texts";
import { useAnnounce } from "./view";

/** What is asked before something that hurts. */
export interface Question {
  title: string;
  children?: ComponentChildren;
  /** The label of the button that does it. */
  action: string;
  danger?: boolean;
}

interface DialogProps extends Question {
  /** Does it with the values of the fields. Null means that it worked, and closes the dialog; a refusal is shown in it. */
  send(values: Record<string, string>): Promise<Answer | null>;
  close(): void;
  remedy?: (answer: Answer) => ComponentChildren;
}

/** A dialog with a form: a question, or fields. */
export function FormDialog({ title, children, action, danger = false, send, close, remedy }: DialogProps) {
  const cancel = (
    <button type="button" class="button plain" onClick={close}>
      {text.cancel}
    </button>
  );
  async function submit(values: Record<string, string>) {
    const refused = await send(values);
    if (!refused) close();
    return refused;
  }
  return (
    <Modal title={title} onClose={close}>
      <Form send={submit} action={action} danger={danger} beside={cancel} {...(remedy && { remedy })}>
        {children}
      </Form>
    </Modal>
  );
}

interface ActionProps {
  label: string;
  /** Tells the action apart from others of the same label, for people who listen: "Sign out", "Firefox on Linux". */
  of?: string;
  /** Does it with the values of the fields of the question. Null means that it worked. */
  run(values: Record<string, string>): Promise<Answer | null>;
  /** What is asked before; without it the button does it at once. */
  question?: Question | undefined;
  /** Said when it is done. */
  done?: string;
  danger?: boolean;
  primary?: boolean;
}

/** A button that calls an operation. What hurts is asked for in a dialog before. */
export function Action({ label, of, run, question, done, danger = false, primary = false }: ActionProps) {
  const announce = useAnnounce();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Answer | null>(null);

  async function perform(values: Record<string, string>) {
    setBusy(true);
    try {
      const answer = await run(values);
      if (!answer && done) announce(done);
      return answer;
    } finally {
      setBusy(false);
    }
  }

  async function press() {
    if (busy) return;
    if (question) return setAsking(true);
    setRefused(await perform({}));
  }

  const kind = primary ? "" : danger ? " plain dangerous" : " plain";
  return (
    <>
      <button type="button" class={`button small${kind}`} aria-disabled={busy} aria-label={of && `${label}: ${of}`} onClick={press}>
        {label}
      </button>
      {asking && question && <FormDialog {...question} send={perform} close={() => setAsking(false)} />}
      {refused && (
        <div class="below">
          <Refusal answer={refused} />
        </div>
      )}
    </>
  );
}

interface SwitchProps {
  label: string;
  /** Tells the switch apart from others of the same label. */
  of?: string;
  hint?: ComponentChildren;
  /** Whether the label is only for people who listen, because the column around the switch has it already. */
  bare?: boolean;
  checked: boolean;
  /** Turns it on or off. Null means that it worked. */
  change(on: boolean): Promise<Answer | null>;
  /** What is asked before; undefined where nothing has to be. */
  question?: (on: boolean) => Question | undefined;
  /** Said when it is done. */
  done?: string;
}

/** A switch whose change counts at once. */
export function Switch({ label, of, hint, bare = false, checked, change, question, done }: SwitchProps) {
  const id = useId();
  const announce = useAnnounce();
  const [asked, setAsked] = useState<Question>();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Answer | null>(null);

  async function perform() {
    setBusy(true);
    try {
      const answer = await change(!checked);
      if (!answer && done) announce(done);
      return answer;
    } finally {
      setBusy(false);
    }
  }

  async function turn(event: Event) {
    event.preventDefault(); // it shows what the server has
    if (busy) return;
    setRefused(null);
    const first = question?.(!checked);
    if (first) setAsked(first);
    else setRefused(await perform());
  }

  return (
    <div class={bare ? "switch-row bare" : "switch-row"}>
      <div class={bare ? "visually-hidden" : undefined}>
        <label for={id}>
          {label}
          {of && <span class="visually-hidden">: {of}</span>}
        </label>
        {hint && (
          <p class="quiet small" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
      <input type="checkbox" role="switch" class="switch" id={id} checked={checked} aria-busy={busy} aria-describedby={hint ? `${id}-hint` : undefined} onClick={turn} />
      {refused && (
        <div class="below">
          <Refusal answer={refused} />
        </div>
      )}
      {asked && <FormDialog {...asked} send={perform} close={() => setAsked(undefined)} />}
    </div>
  );
}
