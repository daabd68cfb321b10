import type { Outcome } from "planoauth";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { translate } from "../document";
import * as session from "../session";
import { SingleCard } from "./frame";
import { finishGoogle, fromGoogle } from "./google";
import { Refusal } from "./refusal";
import { SignInForm, type NewSession } from "./sign-in";

const text = translate({
  en: {
    title: "Sign in to PlanoAuth",
    again: "Sign in again",
    why: "Your session has ended. Sign in to go on; what you typed is kept.",
    refused: "Google did not sign you in. Try again, or choose another way.",
    wait: "One moment…",
  },
  es: {
    title: "Iniciar sesión en PlanoAuth",
    again: "Vuelve a iniciar sesión",
    why: "Tu sesión ha terminado. Inicia sesión para continuar; lo que has escrito se conserva.",
    refused: "Google no ha iniciado tu sesión. Inténtalo de nuevo o elige otra forma.",
    wait: "Un momento…",
  },
});

const application = "planoauth"; // /account and /console are its pages
const googleURL = `${location.origin}/account`; // Google leads back there for the console too

let askToSignIn: (() => Promise<void>) | undefined;

/**
 * Makes a call with the page's session. Where that has ended, the person signs in again in a dialog, so that nothing typed
 * is lost, and the call is made anew.
 */
export async function withSession<Result extends Outcome>(call: () => Promise<Result>): Promise<Result | "unreachable"> {
  const outcome = await attempt(call());
  if (outcome === "unreachable" || !askToSignIn || !(outcome.status === "session-expired" || outcome.status === "invalid-token")) return outcome;
  await askToSignIn();
  return attempt(call());
}

/** Ends the page's session everywhere on this computer, and shows the sign-in form. */
export async function signOut() {
  await attempt(planoauth.sessionsDelete({}));
  session.end();
  location.assign(location.pathname);
}

/** Shows its children to somebody who is signed in to PlanoAuth, and the sign-in form to everybody else. */
export function SignedIn({ children }: { children: ComponentChildren }) {
  const [state, setState] = useState<"looking" | "out" | "in">("looking");
  const [refused, setRefused] = useState<Answer | "refused" | null>(null);
  const [again, setAgain] = useState<(() => void) | null>(null);

  useEffect(() => {
    session.onEnd(() => location.reload());
    askToSignIn = () => new Promise((resolve) => setAgain(() => resolve));
    void arrive().then((came) => {
      setRefused(came);
      setState(session.token() ? "in" : "out");
    });
  }, []);

  async function done({ token }: NewSession) {
    session.begin(token!);
    setState("in");
    again?.();
    setAgain(null);
    return null;
  }

  if (state === "looking") return <p class="visually-hidden">{text.wait}</p>;
  if (state === "out") {
    return (
      <SingleCard title={text.title}>
        {refused === "refused" ? <p class="notice problem">{text.refused}</p> : <Refusal answer={refused} />}
        <SignInForm application={application} redirectURL={location.origin + location.pathname} googleURL={googleURL} done={done} forgotten={forgotten} />
      </SingleCard>
    );
  }
  return (
    <>
      {children}
      {again && (
        <Modal title={text.again}>
          <p>{text.why}</p>
          <SignInForm application={application} redirectURL={location.origin + location.pathname} googleURL={googleURL} done={done} />
        </Modal>
      )}
    </>
  );
}

function forgotten(email: string) {
  location.assign(`/forgot?application=${application}&email=${encodeURIComponent(email)}`);
}

/** Signs in with what the address of the page has: a mailed link's token, or what Google appended; else with the other tabs' session. */
async function arrive(): Promise<Answer | "refused" | null> {
  const url = new URL(location.href);
  const magicToken = url.searchParams.get("magic_token");
  if (magicToken) {
    url.searchParams.delete("magic_token");
    history.replaceState(null, "", url);
    return keep(await attempt(planoauth.sessionsMagicLinkCreate({ magic_token: magicToken }, { token: null })));
  }
  const google = fromGoogle();
  if (google === "refused") return google;
  if (google) return keep(await finishGoogle(google));
  await session.find();
  return null;
}

/** Keeps the session of an outcome that has a new one, and returns any other. */
function keep(outcome: Answer): Answer | null {
  if (outcome === "unreachable") return outcome;
  const made = outcome.status === "action-successful" || outcome.status === "client-required" || outcome.status === "mandrill-email-failed";
  if (!made || !("data" in outcome)) return outcome;
  session.begin((outcome.data as NewSession).token!);
  return null;
}

/** A dialog that is open as long as it is there. */
export function Modal({ title, children, onClose }: { title: string; children: ComponentChildren; onClose?: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onCancel={(event) => (event.preventDefault(), onClose?.())}>
      <div class="stack">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
