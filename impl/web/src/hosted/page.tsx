import { useEffect, useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { changeLanguage, data, translate } from "../document";
import { SingleCard } from "../ui/frame";
import { finishGoogle, fromGoogle } from "../ui/google";
import type { NewSession } from "../ui/sign-in";
import { BecomeClient } from "./become-client";
import { Forgot } from "./forgot";
import { addressOf, application, handOver, page, type Path, type Person } from "./product";
import { Register } from "./register";
import { SignIn } from "./sign-in";

const text = translate({
  en: {
    leaving: "You are signed in",
    leavingTo: `Taking you back to ${application.name}…`,
    wait: "One moment…",
    google: "Signing you in with Google…",
  },
  es: {
    leaving: "Has iniciado sesión",
    leavingTo: `Te llevamos de vuelta a ${application.name}…`,
    wait: "Un momento…",
    google: "Iniciando tu sesión con Google…",
  },
});

/** What Google sent the browser back with, taken out of the address before anything else. */
const google = fromGoogle();

/** What the pages tell each other. */
export interface Ways {
  /** The address that the person has typed; kept from page to page. */
  email: string;
  setEmail(email: string): void;
  /** Goes to another of these pages. */
  go(path: Path): void;
  /** Goes on with a new session: to the product, or to the registration of somebody who is no client yet. */
  done(session: NewSession, recordless: boolean): Promise<Answer | null>;
  /** Why Google did not sign the person in. */
  refused: Answer | "refused" | null;
}

/** The pages that products send people to. */
export function Hosted() {
  const [path, setPath] = useState(page.path);
  const [person, setPerson] = useState(page.person ?? null);
  const [email, setEmail] = useState(new URLSearchParams(location.search).get("email") ?? "");
  const [refused, setRefused] = useState<Ways["refused"]>(google === "refused" ? google : null);
  const [, setLanguage] = useState(data.language);
  const [busy, setBusy] = useState<"google" | "leaving" | null>(google && google !== "refused" ? "google" : null);

  useEffect(() => {
    addEventListener("popstate", () => setPath(location.pathname as Path));
    if (google && google !== "refused") void finish(google);
  }, []);

  async function finish(came: Exclude<typeof google, "refused" | null>) {
    const outcome = await finishGoogle(came);
    const made = outcome !== "unreachable" && (outcome.status === "action-successful" || outcome.status === "client-required");
    setRefused(made ? await done(outcome.data, outcome.status === "client-required") : outcome);
    if (!made) setBusy(null);
  }

  function go(next: Path) {
    history.pushState(null, "", addressOf(next));
    setRefused(null);
    setPath(next);
  }

  async function done(session: NewSession, recordless: boolean) {
    if (recordless) {
      setPerson(await personOf(session));
      setBusy(null);
      return null;
    }
    const refusal = await handOver(session.token!);
    setBusy(refusal ? null : "leaving");
    return refusal;
  }

  async function forget(token: string) {
    await attempt(planoauth.sessionsDelete({}, { token }));
    setPerson(null);
    setEmail("");
  }

  if (busy) {
    return (
      <SingleCard title={busy === "google" ? text.wait : text.leaving}>
        <p role="status">{busy === "google" ? text.google : text.leavingTo}</p>
      </SingleCard>
    );
  }
  const ways: Ways = { email, setEmail, go, done, refused };
  if (person) {
    const redraw = () => (changeLanguage(), setLanguage(data.language));
    const posted = page.person !== undefined;
    return <BecomeClient person={person} posted={posted} done={done} forget={() => forget(person.token)} redraw={redraw} />;
  }
  if (path === "/forgot") return <Forgot {...ways} />;
  if (path === "/register") return <Register {...ways} />;
  return <SignIn {...ways} />;
}

/** Returns who has signed in, with the name that Google told. */
async function personOf({ token, user }: NewSession): Promise<Person> {
  const read = await attempt(planoauth.usersRead({}, { token: token! }));
  const known = read !== "unreachable" && read.status === "action-successful" ? read.data : {};
  return { token: token!, email: user!.email!, ...known };
}
