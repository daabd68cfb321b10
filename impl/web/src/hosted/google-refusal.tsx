import { translate } from "../document";
import { Refusal } from "../ui/refusal";
import type { Ways } from "./page";

const text = translate({
  en: { refused: "Google did not sign you in. Try again, or choose another way." },
  es: { refused: "Google no ha iniciado tu sesión. Inténtalo de nuevo o elige otra forma." },
});

/** Says why the browser came back from Google without a session. */
export function GoogleRefusal({ refused }: Pick<Ways, "refused">) {
  if (refused !== "refused") return <Refusal answer={refused} />;
  return (
    <p class="notice problem" role="alert">
      {text.refused}
    </p>
  );
}
