import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../../api";
import { translate } from "../../document";
import { Refusal } from "../../ui/refusal";
import { change, Load, useLoaded } from "../load";
import { Section } from "../ui/section";

type Person = components["schemas"]["Person"];
type Explanation = components["schemas"]["SignInExplanation"];
type Step = components["schemas"]["SignInStep"]["step"];

const text = translate({
  en: {
    title: "Why can this person not sign in?",
    hint: "Goes through the checks of a sign-in, except the password. Each use is recorded.",
    application: "Application",
    ask: "Check",
    works: "With the right password, signing in works.",
    fails: "Signing in is refused:",
    passed: "Passed",
    failed: "Failed",
    steps: "Checks",
    result: "Result",
  },
  es: {
    title: "¿Por qué no puede iniciar sesión?",
    hint: "Recorre las comprobaciones del inicio de sesión, salvo la contraseña. Cada uso queda registrado.",
    application: "Aplicación",
    ask: "Comprobar",
    works: "Con la contraseña correcta, el acceso funciona.",
    fails: "El acceso se rechaza:",
    passed: "Superada",
    failed: "No superada",
    steps: "Comprobaciones",
    result: "Resultado",
  },
});

/** What each check found, where it was passed and where it was not. */
const steps = translate<Record<Step, { passed: string; failed: string }>>({
  en: {
    application: { passed: "The application exists.", failed: "There is no such application." },
    throttle: { passed: "Another attempt is allowed.", failed: "There were too many wrong passwords. Signing in works again later." },
    user: { passed: "There is an account with this address.", failed: "There is no account with this address." },
    password: { passed: "The account has a password.", failed: "The account has no password. The person can use a sign-in link or a new invitation." },
    record: { passed: "The person has a record.", failed: "The person has no record, so they have to register first." },
    role: { passed: "The application admits an active record of the person.", failed: "The application admits no active record of the person." },
    suspended: { passed: "The person is not suspended.", failed: "The person is suspended." },
  },
  es: {
    application: { passed: "La aplicación existe.", failed: "Esa aplicación no existe." },
    throttle: { passed: "Se permite otro intento.", failed: "Hubo demasiadas contraseñas incorrectas. Más tarde volverá a funcionar." },
    user: { passed: "Hay una cuenta con esta dirección.", failed: "No hay ninguna cuenta con esta dirección." },
    password: { passed: "La cuenta tiene una contraseña.", failed: "La cuenta no tiene contraseña. La persona puede usar un enlace por correo o una nueva invitación." },
    record: { passed: "La persona tiene un registro.", failed: "La persona no tiene ningún registro, así que debe registrarse antes." },
    role: { passed: "La aplicación admite un registro activo de la persona.", failed: "La aplicación no admite ningún registro activo de la persona." },
    suspended: { passed: "La persona no está suspendida.", failed: "La persona está suspendida." },
  },
});

/** Goes through the checks of a sign-in, for the employee who helps. */
export function Explain({ person }: { person: Person }) {
  const applications = useLoaded((options) => planoauth.applicationsIndex({ page: { size: 100 } }, options), []);
  const [chosen, setChosen] = useState<string>();
  const [explained, setExplained] = useState<Explanation>();
  const [refused, setRefused] = useState<Answer | null>(null);

  return (
    <Section title={text.title} hint={text.hint}>
      <Load of={applications}>
        {({ results }) => {
          const application = chosen ?? likely(results, person);
          const ask = async (event: Event) => {
            event.preventDefault();
            setExplained(undefined);
            setRefused(await change(() => planoauth.peopleExplain({ email: person.email!, application }), setExplained));
          };
          return (
            <form class="row" onSubmit={ask}>
              <select class="small" aria-label={text.application} value={application} onChange={(event) => (setChosen(event.currentTarget.value), setExplained(undefined))}>
                {results.map(({ slug, name }) => (
                  <option key={slug} value={slug}>
                    {name ?? slug}
                  </option>
                ))}
              </select>
              <button class="button plain small">{text.ask}</button>
            </form>
          );
        }}
      </Load>
      <Refusal answer={refused} />
      <div role="status">{explained && <Explained of={explained} />}</div>
    </Section>
  );
}

/** Returns the application that the question is likely about: a product that admits the person, else PlanoAuth itself. */
function likely(applications: components["schemas"]["Application"][], { records = [] }: Person): string {
  const product = applications.find(({ slug, admits = [] }) => slug !== "planoauth" && admits.some((kind) => records.includes(kind)));
  return product?.slug ?? "planoauth";
}

function Explained({ of: { outcome, steps: found } }: { of: Explanation }) {
  const works = outcome === "action-successful";
  return (
    <div class="stack tight">
      {works ? (
        <p class="notice good">{text.works}</p>
      ) : (
        <div class="notice problem">
          <p>
            {text.fails}{" "}
            <a href={`/statuses/${outcome}`} target="_blank" rel="noreferrer">
              {outcome}
            </a>
          </p>
        </div>
      )}
      <ol class="steps" aria-label={text.steps}>
        {found.map(({ step, passed, message }) => (
          <li key={step} class={passed ? "passed" : "failed"}>
            <Mark passed={passed} />
            <span>{steps[step]?.[passed ? "passed" : "failed"] ?? message}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Mark({ passed }: { passed: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" role="img" aria-label={passed ? text.passed : text.failed}>
      <path d={passed ? "m3 8.5 3.5 3.5L13 4.5" : "m4 4 8 8m0-8-8 8"} />
    </svg>
  );
}
