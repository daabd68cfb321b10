import type { Outcome } from "planoauth";
import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { translate } from "../document";
import * as session from "../session";
import { Action } from "./action";
import { SingleCard } from "./frame";
import { finishGoogle, fromGoogle } from "./google";
import { fromLink, ownLinkURL } from "./own-link";
import { errorsOf, Refusal } from "./refusal";
import { SignInForm, type NewSession } from "./sign-in";
import { text as common } from "./texts";

const text = translate({
  en: {
    title: "Sign in to PlanoAuth",
    again: "Sign in again",
    expired: "You have been signed out, after some time or from another device. Sign in to go on; what you typed is kept.",
    recent: "For your safety, this needs a sign-in from the last 15 minutes. Sign in to go on; what you typed is kept.",
    ended: "You have been signed out after some time. Sign in to go on.",
    refused: "Google did not sign you in. Try again, or choose another way.",
    wait: "One moment…",
    asked: "Is this you?",
    opened: "You opened a sign-in link for this address:",
    present: (email: string) => `At the moment you are signed in as ${email}.`,
    caution: "If you did not ask for the link, somebody else may have sent it to you. What you do here would then be kept in their account.",
    yes: "Yes, go on",
    no: "No, this is not me",
  },
  es: {
    title: "Iniciar sesión en PlanoAuth",
    again: "Vuelve a iniciar sesión",
    expired: "Tu sesión está cerrada, como ocurre pasado un tiempo o desde otro dispositivo. Inicia sesión para continuar; lo que has escrito se conserva.",
    recent: "Por seguridad, para esto debes haber iniciado sesión en los últimos 15 minutos. Inicia sesión para continuar; lo que has escrito se conserva.",
    ended: "Tu sesión está cerrada, como ocurre pasado un tiempo. Inicia sesión para continuar.",
    refused: "Google no ha iniciado tu sesión. Inténtalo de nuevo o elige otra forma.",
    wait: "Un momento…",
    asked: "¿Eres tú?",
    opened: "Has abierto un enlace de acceso para esta dirección:",
    present: (email: string) => `Ahora mismo has iniciado sesión como ${email}.`,
    caution: "Si no has pedido el enlace, puede que te lo haya enviado otra persona. Lo que hagas aquí se guardaría entonces en su cuenta.",
    yes: "Sí, continuar",
    no: "No, no soy yo",
  },
});

const application = "planoauth"; // /account and /console are its pages
const googleURL = `${location.origin}/account`; // Google leads back there for the console too

// What the address of the page has is taken out of it before anything else happens.
const link = fromLink();
const google = fromGoogle();

/** Why somebody has to sign in again. */
type Reason = "expired" | "recent";

let askToSignIn: ((why: Reason) => Promise<boolean>) | undefined;

/**
 * Makes a call with the page's session. Where that has ended, or is too old for the call, the person signs in again in a
 * dialog, so that nothing typed is lost, and the call is made anew. Who closes the dialog gets the refusal.
 */
export async function withSession<Result extends Outcome>(call: () => Promise<Result>): Promise<Result | "unreachable"> {
  const used = session.token();
  const outcome = await attempt(call());
  const why = outcome === "unreachable" ? null : reasonToSignIn(outcome);
  if (!why || !askToSignIn) return outcome;
  const renewed = session.token() !== null && session.token() !== used; // while the call was on its way
  if (!renewed && !(await askToSignIn(why))) return outcome;
  return attempt(call());
}

function reasonToSignIn(outcome: Outcome): Reason | null {
  if (outcome.status === "session-expired" || outcome.status === "invalid-token") return "expired";
  return needsRecentSignIn(outcome) ? "recent" : null;
}

/** Whether a call was refused because the session is older than 15 minutes. */
export function needsRecentSignIn(answer: Answer): boolean {
  return errorsOf(answer).some((error) => error.rule === "recent_sign_in");
}

/** Ends the page's session everywhere on this computer, and shows the sign-in form. */
export async function signOut() {
  await attempt(planoauth.sessionsDelete({}));
  session.end();
  location.assign(location.pathname);
}

const Current = createContext<NewSession | null>(null);

/** Returns the page's session, with its id, user and roles. Only below SignedIn. */
export function useSession(): NewSession {
  return useContext(Current)!;
}

/** Where somebody is on the way into a page. */
type State =
  | { at: "looking" }
  | { at: "out"; why?: Answer | "refused" | "ended" | null }
  | { at: "asked"; made: NewSession; present: string | null }
  | { at: "in"; current: NewSession };

/** Shows its children to somebody who is signed in to PlanoAuth, and the sign-in form to everybody else. */
export function SignedIn({ children }: { children: ComponentChildren }) {
  const [state, setState] = useState<State>({ at: "looking" });
  const [heading, setHeading] = useState<string | null>(null); // once a link is sent
  const [again, setAgain] = useState<{ why: Reason; close(signedIn: boolean): void } | null>(null);

  useEffect(() => {
    let asking: Promise<boolean> | null = null; // one dialog, however many calls need it
    let close = (_: boolean) => {};
    askToSignIn = (why) =>
      (asking ??= new Promise<boolean>((resolve) => {
        close = (signedIn) => {
          asking = null;
          setAgain(null);
          resolve(signedIn);
        };
        setAgain({ why, close });
      }));
    session.share({
      ended: () => location.reload(),
      began: () => {
        if (asking) close(true);
        void resume().then((found) => setState((now) => (found.at === "in" && now.at !== "asked" ? found : now)));
      },
    });
    void arrive().then(setState);
  }, []);

  /** Takes a new session for the page's one. Where it is somebody else's, the page starts afresh, and nothing typed is sent. */
  async function renew(made: NewSession) {
    const same = session.isOf(made.user!.id);
    setState(change(made));
    if (same) again!.close(true);
    else location.reload();
    return null;
  }

  if (state.at === "looking") return <p class="visually-hidden">{text.wait}</p>;
  if (state.at === "asked") return <Asked {...state} done={setState} />;
  if (state.at === "out") {
    return (
      <SingleCard title={heading ?? text.title}>
        {!heading && <Reasons why={state.why ?? null} />}
        <SignInForm
          {...ways}
          sending={setHeading}
          googleURL={googleURL}
          forgotten={(email) => location.assign(forgotPage(email))}
          done={async (made) => (begin(made), setState({ at: "in", current: made }), null)}
        />
      </SingleCard>
    );
  }
  return (
    <Current.Provider value={state.current}>
      {children}
      {again && (
        <Modal title={text.again} onClose={() => again.close(false)}>
          <p>{text[again.why]}</p>
          <SignInForm {...ways} email={state.current.user?.email ?? ""} done={renew} />
          <button type="button" class="button plain" onClick={() => again.close(false)}>
            {common.cancel}
          </button>
        </Modal>
      )}
    </Current.Provider>
  );
}

const ways = { application, redirectURL: location.origin + location.pathname, linkURL: ownLinkURL };

/** Says why somebody is not signed in, where there is something to say. */
function Reasons({ why }: { why: Answer | "refused" | "ended" | null }) {
  if (why === "ended") return <p class="notice">{text.ended}</p>;
  if (why === "refused") return <p class="notice problem">{text.refused}</p>;
  return <Refusal answer={why} />;
}

function begin({ token, user }: NewSession) {
  session.begin(token!, user!.id);
}

/** Returns the address of the page for a forgotten password. */
export function forgotPage(email: string): string {
  return `/forgot?application=${application}&email=${encodeURIComponent(email)}`;
}

/** Signs in with what the address of the page had: a mailed link's token, or what Google appended; else with the other tabs' session. */
async function arrive(): Promise<State> {
  const before = await resume();
  const orOut = (why: Answer | "refused"): State => (before.at === "in" ? before : { at: "out", why }); // nothing that failed signs out
  if (google === "refused") return orOut(google);
  if (google) {
    const outcome = await finishGoogle(google);
    const made = madeBy(outcome);
    if (!made) return orOut(outcome);
    if (google.page !== location.pathname + location.hash) location.replace(google.page);
    return change(made);
  }
  if (!link) return before;
  const outcome = await attempt(planoauth.sessionsMagicLinkCreate({ magic_token: link.magicToken }, { token: null }));
  const made = madeBy(outcome);
  if (!made) return orOut(outcome);
  const present = before.at === "in" ? before.current.user! : null;
  if (!link.own && present?.id !== made.user!.id) return { at: "asked", made, present: present?.email ?? null };
  return change(made);
}

/** Goes on with a new session, and ends the one before. */
function change(made: NewSession): State {
  const old = session.token();
  begin(made);
  if (old) void attempt(planoauth.sessionsDelete({}, { token: old }));
  return { at: "in", current: made };
}

/** Goes on with the session of this tab or of another one. */
async function resume(): Promise<State> {
  if (!(await session.find())) return { at: "out" };
  const outcome = await attempt(planoauth.sessionsRead({}));
  if (outcome === "unreachable") return { at: "out", why: outcome };
  switch (outcome.status) {
    case "action-successful":
      session.belongsTo(outcome.data.user!.id);
      return { at: "in", current: outcome.data };
    case "session-expired":
      session.forget();
      return { at: "out", why: "ended" };
    case "invalid-token":
      session.forget();
      return { at: "out" };
    default:
      return { at: "out", why: outcome };
  }
}

/** Returns the session that an outcome has made. */
function madeBy(outcome: Answer): NewSession | null {
  if (outcome === "unreachable" || !("data" in outcome)) return null;
  const made = outcome.status === "action-successful" || outcome.status === "client-required" || outcome.status === "mandrill-email-failed";
  return made ? (outcome.data as NewSession) : null;
}

/** Asks whether a link is the person's own: whoever sends theirs to somebody else would get what is typed here. */
function Asked({ made, present, done }: { made: NewSession; present: string | null; done(state: State): void }) {
  async function leave() {
    await attempt(planoauth.sessionsDelete({}, { token: made.token! }));
    done(await resume());
  }
  return (
    <SingleCard title={text.asked}>
      <p>
        {text.opened}
        <br />
        <strong>{made.user!.email}</strong>
      </p>
      {present && <p>{text.present(present)}</p>}
      <p class="notice warning">{text.caution}</p>
      <button type="button" class="button wide" onClick={() => done(change(made))}>
        {text.yes}
      </button>
      <Action class="button plain wide" run={leave}>
        {text.no}
      </Action>
    </SingleCard>
  );
}

/** A dialog that is open as long as it is there. Closed, it gives the focus back. */
export function Modal({ title, children, onClose }: { title: string; children: ComponentChildren; onClose?: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    return () => shown.close();
  }, []);
  return (
    <dialog ref={dialog} aria-label={title} onCancel={(event) => (event.preventDefault(), onClose?.())}>
      <div class="stack">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
