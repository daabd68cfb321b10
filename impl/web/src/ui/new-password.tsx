import { useId, useRef, useState } from "preact/hooks";
import { attempt, planoauth } from "../api";
import { translate } from "../document";
import { PasswordField } from "./form";

const text = translate({
  en: {
    good: "This password is strong enough.",
    minLength: "Too short: use at least 8 characters.",
    guessable: "Easy to guess: use a few unusual words, or something longer.",
    own_words: "Close to your name or address: use other words.",
  },
  es: {
    good: "Esta contraseña es bastante segura.",
    minLength: "Demasiado corta: usa al menos 8 caracteres.",
    guessable: "Fácil de adivinar: usa varias palabras poco comunes o algo más largo.",
    own_words: "Se parece a tu nombre o a tu dirección: usa otras palabras.",
  },
});

interface NewPasswordProps {
  name: string;
  param?: string;
  label: string;
  /** What is known of the person, whose own words are easy to guess. */
  person?(): { email?: string; first_name?: string; last_name?: string };
  /** The token of the person's session; the page's by default, null for none. */
  token?: string | null;
}

/** A field for a new password. When the person leaves it, it says what the policy would say, and stops nobody. */
export function NewPasswordField({ name, param = name, label, person, token }: NewPasswordProps) {
  const id = useId();
  const judged = useRef("");
  const [judgement, setJudgement] = useState("");

  async function judge(password: string) {
    if (password === judged.current) return;
    judged.current = password;
    setJudgement("");
    if (!password) return;
    const known = Object.fromEntries(Object.entries(person?.() ?? {}).filter(([, value]) => value));
    const outcome = await attempt(planoauth.passwordsJudge({ password, ...known }, token === undefined ? {} : { token }));
    if (judged.current !== password || outcome === "unreachable" || outcome.status !== "action-successful") return;
    const [rule] = outcome.data.rules;
    setJudgement(outcome.data.acceptable ? text.good : (text[rule as keyof typeof text] ?? ""));
  }

  return (
    <div class="stack tight">
      <PasswordField
        name={name}
        param={param}
        label={label}
        autocomplete="new-password"
        onBlur={(event) => void judge(event.currentTarget.value)}
        onInput={() => setJudgement("")}
      />
      <p class="small quiet" role="status" id={id} hidden={!judgement}>
        {judgement}
      </p>
    </div>
  );
}
