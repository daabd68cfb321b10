import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, planoauth } from "../api";
import { translate } from "../document";
import { explainPassword } from "../texts/rules";
import { PasswordField, type FieldProps } from "./form";

const text = translate({
  en: { hint: "At least 8 characters. Try a few unusual words." },
  es: { hint: "Al menos 8 caracteres. Prueba con palabras poco comunes." },
});

/** What is known of the person, whose own words make a password easy to guess. */
export interface Person {
  email?: string;
  first_name?: string;
  last_name?: string;
}

interface NewPasswordProps extends Omit<FieldProps, "error"> {
  /** Called when the password is judged, so that it can read what was typed until then. */
  person?: () => Person;
  /** The token of the session, if it is not the page's; null for none. */
  token?: string | null;
}

const pause = 250; // milliseconds, so that an error does not move the button away while it is clicked

/** A field for a new password. When the person leaves it, the server judges the password, before it is sent. */
export function NewPasswordField({ person, token, hint = text.hint, ...field }: NewPasswordProps) {
  // undefined leaves the field to the outcome of the form, "" hides what that said of an earlier password.
  const [error, setError] = useState<string>();
  const wrapper = useRef<HTMLDivElement>(null);
  const waiting = useRef<{ timer?: ReturnType<typeof setTimeout>; asked: number }>({ asked: 0 });

  function forget(shown: string | undefined) {
    clearTimeout(waiting.current.timer);
    waiting.current.asked++;
    setError(shown);
  }

  useEffect(() => {
    const form = wrapper.current?.closest("form");
    const sent = () => forget(undefined);
    form?.addEventListener("submit", sent);
    return () => (clearTimeout(waiting.current.timer), form?.removeEventListener("submit", sent));
  }, []);

  async function judge(password: string) {
    if (!wrapper.current) return; // the form has gone, and with it the focus
    const asked = ++waiting.current.asked;
    const known = Object.fromEntries(Object.entries(person?.() ?? {}).filter(([, value]) => value));
    const outcome = await attempt(planoauth.passwordsJudge({ password, ...known }, token === undefined ? {} : { token }));
    if (asked !== waiting.current.asked || outcome === "unreachable" || outcome.status !== "action-successful") return;
    const broken = outcome.data.rules[0];
    setError(broken ? (explainPassword(broken) ?? undefined) : "");
  }

  return (
    <div ref={wrapper}>
      <PasswordField
        autocomplete="new-password"
        {...field}
        hint={hint}
        error={error}
        onInput={(event) => (forget(error === undefined ? undefined : ""), field.onInput?.(event))}
        onBlur={({ currentTarget: { value } }) => {
          clearTimeout(waiting.current.timer);
          if (value) waiting.current.timer = setTimeout(() => void judge(value), pause);
        }}
      />
    </div>
  );
}
