import type { Outcome, ParamError } from "planoauth";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Answer } from "../api";
import { translate } from "../document";
import { explain } from "../texts/rules";
import { statuses, type Slug } from "../texts/statuses";
import { text } from "./texts";

/** When to try again, by the number of minutes or seconds. */
const wait = translate({
  en: {
    minutes: (count: number) => `Try again in ${count === 1 ? "a minute" : `${count} minutes`}.`,
    seconds: (count: number) => `Try again in ${count === 1 ? "a second" : `${count} seconds`}.`,
  },
  es: {
    minutes: (count: number) => `Inténtalo de nuevo dentro de ${count === 1 ? "un minuto" : `${count} minutos`}.`,
    seconds: (count: number) => `Inténtalo de nuevo dentro de ${count === 1 ? "un segundo" : `${count} segundos`}.`,
  },
});

/** Says when to try again after an outcome that tells it; "" after others. */
function waitAfter(answer: Outcome): string {
  if (!("retry_after" in answer) || typeof answer.retry_after !== "number") return "";
  const seconds = Math.max(1, answer.retry_after);
  return seconds < 60 ? wait.seconds(seconds) : wait.minutes(Math.ceil(seconds / 60));
}

/** Returns the errors of an outcome that has any. */
export function errorsOf(answer: Answer | null): ParamError[] {
  return answer && answer !== "unreachable" && "errors" in answer ? (answer.errors as ParamError[]) : [];
}

/** The names of the fields that a refusal without errors can be about; where a form has several, it is about the first. */
const concerned: Partial<Record<Slug, string[]>> = {
  "company-already-exists": ["name"],
  "email-already-registerd": ["email"],
  "email-already-registered": ["email"],
  "email-not-found": ["email"],
  "invalid-password": ["current_password", "password"],
  "slug-taken": ["slug"],
  "user-has-no-password": ["password"],
};

/** Returns the param of the field that a refusal is about, of those that a form has. */
export function concernedField(answer: Answer, fields: string[]): string | undefined {
  const names = answer === "unreachable" ? [] : (concerned[answer.status as Slug] ?? []);
  return names.flatMap((name) => fields.filter((param) => param.split(".").at(-1) === name))[0];
}

/** Returns the first sentence of the text of a refusal: what happened. What to do stands in the others. */
export function whatHappened(answer: Answer): string {
  return answer === "unreachable" ? text.unreachable : statuses[answer.status as Slug].split(". ", 1)[0]!;
}

/**
 * Shows why something did not work: a text for the slug, what is wrong with params that have no field on the page, the
 * request id, and a link to the page of the slug. It takes the focus. Nobody but developers knows the names of params.
 */
export function Refusal({ answer, shown = [], children }: { answer: Answer | null; shown?: string[]; children?: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (answer && !box.current?.closest("form")?.querySelector('[aria-invalid="true"]')) box.current?.focus();
  }, [answer]);
  if (!answer) return null;
  const errors = errorsOf(answer);
  const elsewhere = errors.filter((error) => !shown.includes(error.param)).map((error) => explain(error).replace(/[^.]$/, "$&."));
  const alone = errors.length === 1 && elsewhere[0]; // says more than the text for the slug
  return (
    <div class="notice problem" role="alert" tabIndex={-1} ref={box}>
      {answer === "unreachable" ? (
        <p>{text.unreachable}</p>
      ) : (
        <>
          <p>
            {alone || (statuses[answer.status as Slug] ?? answer.message)} {waitAfter(answer)}
          </p>
          {!alone && elsewhere.length > 0 && (
            <ul>
              {elsewhere.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
          {children}
          <RequestOf answer={answer} />
        </>
      )}
    </div>
  );
}

/** The request id of an outcome, and a link to the page of its slug. */
export function RequestOf({ answer }: { answer: Outcome }) {
  return (
    <p class="request">
      <a href={`/statuses/${answer.status}`} target="_blank" rel="noreferrer">
        {text.meaning}
      </a>
      <span>
        {text.request} <code>{answer.request_id}</code>
      </span>
    </p>
  );
}
