import { useState } from "preact/hooks";
import { planoauth } from "../api";
import { translate } from "../document";
import { Form } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { Section, type SectionProps } from "./section";

const text = translate({
  en: {
    title: "Staying signed in",
    label: "Stay signed in on my devices",
    off: "Otherwise you are signed out after 7\u00a0days, or after 3\u00a0days without use.",
    employee: "The console asks employees to sign in after these times in any case.",
    save: "Save",
    on: "You stay signed in on your devices from now on. We have told you by mail.",
    stays: "You stay signed in on your devices.",
    saved: "You are signed out after 7\u00a0days, or after 3\u00a0days without use.",
  },
  es: {
    title: "Mantener la sesión",
    label: "Mantener la sesión abierta en mis dispositivos",
    off: "Si no, tu sesión se cierra a los 7\u00a0días, o tras 3\u00a0días sin uso.",
    employee: "La consola pide a los empleados que inicien sesión pasados esos plazos en cualquier caso.",
    save: "Guardar",
    on: "A partir de ahora tu sesión se mantiene abierta en tus dispositivos. Te hemos avisado por correo.",
    stays: "Tu sesión se mantiene abierta en tus dispositivos.",
    saved: "Tu sesión se cierra a los 7\u00a0días, o tras 3\u00a0días sin uso.",
  },
});
export const stayingTitle = text.title;

/** The preference remember_me. */
export function Staying({ user, changed }: SectionProps) {
  const [chosen, setChosen] = useState(user.preferences!.remember_me);
  const [said, setSaid] = useState<string | null>(null);

  async function save() {
    setSaid(null);
    const outcome = await withSession(() => planoauth.preferencesUpdate({ remember_me: chosen }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    const turnedOn = outcome.data.remember_me && !user.preferences!.remember_me;
    changed({ ...user, preferences: outcome.data });
    setSaid(turnedOn ? text.on : outcome.data.remember_me ? text.stays : text.saved);
    return null;
  }

  return (
    <Section id="staying" title={text.title} said={said}>
      <Form send={save} action={text.save} inline>
        <div class="check">
          <input
            id="remember_me"
            type="checkbox"
            checked={chosen}
            aria-describedby="remember_me-hint"
            onChange={(event) => setChosen(event.currentTarget.checked)}
          />
          <div>
            <label for="remember_me">{text.label}</label>
            <p class="quiet small" id="remember_me-hint">
              {text.off} {user.records!.includes("employee") && text.employee}
            </p>
          </div>
        </div>
      </Form>
    </Section>
  );
}
