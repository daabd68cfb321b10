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
  const elsewhere = errors.filter((error) => !shown.includes(error.param)).map((error) => `${explain(error)}.`);
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
          <p class="request">
            <a href={`/statuses/${answer.status}`} target="_blank" rel="noreferrer">
              {text.meaning}
            </a>
            <span>
              {text.request} <code>{answer.request_id}</code>
            </span>
          </p>
        </>
      )}
    </div>
  );
}
