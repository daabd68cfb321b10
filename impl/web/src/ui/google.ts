import type { SessionsGoogleCreateOutcome } from "planoauth";
import { attempt, planoauth, type Answer } from "../api";

const key = "planoauth-google"; // what this tab began

/** What people go to Google for: to sign in, or to link an account to theirs. */
type Purpose = "sign-in" | "link";

interface Begun {
  purpose: Purpose;
  page: string;
  state: string;
  verifier: string;
}

/** Sends the browser to Google, from where it comes back to a page of this server. It returns only where that fails. */
export async function beginGoogle(application: string, backTo: string, purpose: Purpose = "sign-in"): Promise<Answer | null> {
  const outcome = await attempt(planoauth.sessionsGoogleAuthorize({ application, redirect_url: backTo }, { token: null }));
  if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
  const { state, verifier, url } = outcome.data;
  const begun: Begun = { purpose, page: location.pathname + location.hash, state, verifier };
  sessionStorage.setItem(key, JSON.stringify(begun));
  location.assign(url);
  return null;
}

/** What Google sent the browser back with. */
export interface FromGoogle {
  code: string;
  state: string;
  verifier: string;
  /** The page that began, as a path with the part after #. */
  page: string;
}

/**
 * Takes what Google has appended to the address of the page out of it. Null means that the page was opened otherwise, or
 * for the other purpose; "refused" that the person declined, or that another browser began.
 */
export function fromGoogle(purpose: Purpose = "sign-in"): FromGoogle | "refused" | null {
  const url = new URL(location.href);
  const code = url.searchParams.get("code");
  const state = url.searchParams.get("state");
  const error = url.searchParams.get("error");
  if (state === null || (code === null && error === null)) return null;
  const begun = JSON.parse(sessionStorage.getItem(key) ?? "null") as Begun | null;
  if ((begun?.purpose ?? "sign-in") !== purpose) return null;
  for (const name of ["code", "state", "error", "error_description", "scope", "authuser", "prompt", "hd", "iss"]) url.searchParams.delete(name);
  history.replaceState(null, "", url);
  sessionStorage.removeItem(key);
  if (code === null || begun?.state !== state) return "refused";
  return { code, state, verifier: begun.verifier, page: begun.page };
}

/** Makes a session of what Google sent. */
export function finishGoogle({ code, state, verifier }: FromGoogle): Promise<SessionsGoogleCreateOutcome | "unreachable"> {
  return attempt(planoauth.sessionsGoogleCreate({ code, state, verifier }, { token: null }));
}
