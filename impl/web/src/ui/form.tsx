import { createContext, type ComponentChildren, type InputHTMLAttributes } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import type { Answer } from "../api";
import { explain } from "../texts/rules";
import { concernedField, errorsOf, Refusal, whatHappened } from "./refusal";
import { text } from "./texts";

interface State {
  answer: Answer | null;
  /** The param of the field that a refusal without errors is about. */
  concerned?: string | undefined;
  /** The ids of the fields that were changed since; their errors are shown no more. */
  changed: string[];
  register(param: string, id: string): void;
}

/** The state of the form around a field. */
const FormState = createContext<State>({ answer: null, changed: [], register() {} });

interface FormProps {
  /** Sends the values by the names of the fields. Null means that it worked; a refusal is shown in the form. */
  send(values: Record<string, string>): Promise<Answer | null>;
  /** A refusal of something else that the fields were used for, such as by a second button. */
  refused?: Answer | null;
  /** The label of the button. */
  action: string;
  danger?: boolean;
  /** Whether the button is as wide as its label only. */
  inline?: boolean;
  children: ComponentChildren;
  /** Shown in the refusal: what else the person can do. */
  remedy?: (answer: Answer) => ComponentChildren;
  /** Shown in place of the fields and the button after a refusal that stays, however often the form is sent: what helps then. */
  instead?: ((answer: Answer) => ComponentChildren) | undefined;
  /** Shown beside the button. */
  beside?: ComponentChildren;
  /** Shown below the button: what else the person has to know. */
  note?: string;
}

/** A form that shows refusals above its fields, and at those what is wrong with them. */
export function Form({ send, refused = null, action, danger = false, inline = false, children, remedy, instead, beside, note }: FormProps) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [changed, setChanged] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const fields = useRef(new Map<string, string>()); // the ids by the params

  useEffect(() => {
    if (!refused) return;
    setAnswer(refused);
    setChanged([]);
  }, [refused]);

  async function submit(event: Event) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const values = Object.fromEntries([...new FormData(form.current!)].map(([name, value]) => [name, String(value)]));
    try {
      setAnswer(await send(values));
      setChanged([]);
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    const invalid = answer && form.current?.querySelector<HTMLInputElement>('[aria-invalid="true"]');
    invalid?.focus();
    if (invalid?.matches('[autocomplete="current-password"]')) invalid.select(); // a wrong password is typed anew
  }, [answer]);

  function change({ target }: Event) {
    const { id } = target as HTMLElement;
    setChanged((before) => (before.includes(id) ? before : [...before, id]));
  }

  const register = (param: string, id: string) => void fields.current.set(param, id);
  const params = [...fields.current.keys()];
  const concerned = answer ? concernedField(answer, params) : undefined;
  const errors = errorsOf(answer);
  const helps = answer && instead?.(answer);
  const mended = errors.length > 0 && errors.every(({ param }) => changed.includes(fields.current.get(param) ?? ""));
  return (
    <form class="stack" ref={form} onSubmit={submit} onInput={change} noValidate>
      <Refusal answer={mended ? null : answer} shown={params}>
        {answer && remedy?.(answer)}
      </Refusal>
      {helps || (
        <>
          <FormState.Provider value={{ answer, concerned, changed, register }}>{children}</FormState.Provider>
          <div class="row">
            <button class={`button${danger ? " danger" : ""}${beside || inline ? "" : " wide"}`} aria-disabled={busy}>
              {action}
            </button>
            {beside}
          </div>
          {note && <p class="small quiet">{note}</p>}
        </>
      )}
    </form>
  );
}

export interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "label"> {
  /** The name of the field; also the param whose errors it shows, unless that is given. */
  name: string;
  param?: string;
  label: string;
  hint?: ComponentChildren;
  /** An error that the page itself found. */
  error?: string | undefined;
}

/** Returns the error of a param in the outcome of the form, and the ids that tie the texts to the field. */
export function useField(param: string, hint: boolean, own?: string) {
  const id = useId();
  const form = useContext(FormState);
  form.register(param, id);
  const broken = errorsOf(form.answer).find((error) => error.param === param);
  const said = broken ? explain(broken) : param === form.concerned ? whatHappened(form.answer!) : undefined;
  const error = own ?? (form.changed.includes(id) ? undefined : said);
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return { id, error, attributes: { id, "aria-invalid": error ? true : undefined, "aria-describedby": described } };
}

/** A labelled input with a hint and its error. */
export function Field({ name, param = name, label, hint, error: own, ...input }: FieldProps) {
  const { id, error, attributes } = useField(param, Boolean(hint), own);
  return (
    <div class="field">
      <Labels id={id} label={label} hint={hint} error={error} />
      <input name={name} {...input} {...attributes} />
    </div>
  );
}

/** The label of a field, its hint, and its error. */
export function Labels({ id, label, hint, error }: { id: string; label: string; hint?: ComponentChildren; error?: string | undefined }) {
  return (
    <>
      <label for={id}>{label}</label>
      <Notes id={id} hint={hint} error={error} />
    </>
  );
}

/** What stands between the label and the field. */
export function Notes({ id, hint, error }: { id: string; hint?: ComponentChildren; error?: string | undefined }) {
  return (
    <>
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </>
  );
}

/** A field for a password, which can be shown. */
export function PasswordField({ name, param = name, label, hint, error: own, ...input }: FieldProps) {
  const { id, error, attributes } = useField(param, Boolean(hint), own);
  const [shown, setShown] = useState(false);
  return (
    <div class="field">
      <Labels id={id} label={label} hint={hint} error={error} />
      <div class="password">
        <input name={name} maxLength={256} autoCapitalize="none" spellcheck={false} {...input} {...attributes} type={shown ? "text" : "password"} />
        <button type="button" aria-label={shown ? text.hidePassword : text.showPassword} onClick={() => setShown(!shown)}>
          {shown ? text.hide : text.show}
        </button>
      </div>
    </div>
  );
}
