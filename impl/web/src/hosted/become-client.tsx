import type { Outcome } from "planoauth";
import { useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Form } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { Refusal, RequestOf } from "../ui/refusal";
import type { NewSession } from "../ui/sign-in";
import { clientOf, NameFields, OptionalFields } from "./client-fields";
import { application, leave, page, type Person } from "./product";

const text = translate({
  en: {
    title: "Finish your registration",
    why: `You are signed in as`,
    rest: `To use ${application.name}, we need to know a little more.`,
    notYou: "Not you?",
    action: "Finish registration",
    back: `Back to ${application.name}`,
    over: "You are not signed\u00a0in any more",
    ended: `Your sign-in to ${application.name} has ended.`,
    goBack: "Go back and sign in again to finish your registration.",
    signIn: "Sign in again to finish your registration.",
    again: "Sign in again",
    closed: "This account has no access",
    whyClosed: `Nobody can register for ${application.name} here. Ask the people who run it to give you access.`,
  },
  es: {
    title: "Termina tu registro",
    why: "Has iniciado sesión como",
    rest: `Para usar ${application.name}, necesitamos saber algo más.`,
    notYou: "¿No eres tú?",
    action: "Terminar el registro",
    back: `Volver a ${application.name}`,
    over: "Ya no tienes la sesión iniciada",
    ended: `Tu sesión en ${application.name} ha terminado.`,
    goBack: "Vuelve e inicia sesión de nuevo para terminar tu registro.",
    signIn: "Inicia sesión de nuevo para terminar tu registro.",
    again: "Iniciar sesión de nuevo",
    closed: "Esta cuenta no tiene acceso",
    whyClosed: `Aquí no es posible registrarse en ${application.name}. Pide acceso a las personas que lo gestionan.`,
  },
});

interface BecomeClientProps {
  person: Person;
  /** Whether the product handed its session over, so that the browser goes back without a token. */
  posted: boolean;
  done(session: NewSession, recordless: boolean): Promise<Answer | null>;
  /** Ends the session and begins anew. */
  forget(): Promise<void>;
  redraw(): void;
}

/** The registration of somebody who is signed in and no client yet. */
export function BecomeClient({ person, posted, done, forget, redraw }: BecomeClientProps) {
  const { token } = person;
  const [refused, setRefused] = useState<Answer | null>(null);
  const [over, setOver] = useState<Outcome | null>(null);

  /** Goes on as a client. */
  async function goOn() {
    if (!posted) return done({ token } as NewSession, false);
    leave(page.redirect_url);
    return null;
  }

  async function send(values: Record<string, string>) {
    const params = { application: application.slug, redirect_url: page.redirect_url, ...clientOf(values) };
    const outcome = await attempt(planoauth.usersClientRegister(params, { token }));
    const client = outcome !== "unreachable" && (outcome.status === "action-successful" || outcome.status === "email-already-client");
    const refusal = client ? await goOn() : outcome;
    if (refusal && isOver(refusal)) setOver(refusal);
    return refusal;
  }

  async function isSomebodyElse() {
    if (!posted) return forget();
    const outcome = await attempt(planoauth.sessionsDelete({}, { token }));
    const ended = outcome !== "unreachable" && (outcome.status === "action-successful" || outcome.status === "invalid-token");
    if (ended) leave(page.redirect_url);
    else setRefused(outcome);
  }

  const back = (
    <a class="button wide" href={page.redirect_url} rel="noreferrer">
      {text.back}
    </a>
  );
  if (over) {
    return (
      <SingleCard title={text.over} redraw={redraw}>
        <p>
          {text.ended} {posted ? text.goBack : text.signIn}
        </p>
        {posted ? (
          back
        ) : (
          <button type="button" class="button wide" onClick={forget}>
            {text.again}
          </button>
        )}
        <RequestOf answer={over} />
      </SingleCard>
    );
  }
  const who = (
    <div class="notice">
      <p>
        {text.why} <strong>{person.email}</strong>.{" "}
        <button type="button" class="text-button" onClick={isSomebodyElse}>
          {text.notYou}
        </button>
      </p>
    </div>
  );
  if (!application.admits_clients) {
    return (
      <SingleCard title={text.closed} redraw={redraw}>
        {who}
        <p>{text.whyClosed}</p>
        {back}
      </SingleCard>
    );
  }
  return (
    <SingleCard title={text.title} redraw={redraw}>
      {who}
      <Refusal answer={refused} />
      <p>{text.rest}</p>
      <Form send={send} action={text.action}>
        <NameFields first_name={person.first_name} last_name={person.last_name} />
        <OptionalFields />
      </Form>
    </SingleCard>
  );
}

/** Reports whether the session has ended, so that only a new sign-in helps. */
function isOver(answer: Answer): answer is Outcome {
  return answer !== "unreachable" && (answer.status === "invalid-token" || answer.status === "session-expired");
}
