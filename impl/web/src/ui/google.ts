import type { SessionsGoogleCreateOutcome } from "planoauth";
import { attempt, planoauth, type Answer } from "../api";

const key = "planoauth-google"; // the verifier of the sign-in that this tab began

/** Sends the browser to Google, from where it comes back to a page of this server. It returns only where that fails. */
export async function beginGoogle(application: string, backTo: string): Promise<Answer | null> {
  const outcome = await attempt(planoauth.sessionsGoogleAuthorize({ application, redirect_url: backTo }, { token: null }));
  if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
  sessionStorage.setItem(key, JSON.stringify({ state: outcome.data.state, verifier: outcome.data.verifier }));
  location.assign(outcome.data.url);
  return null;
}

/** What Google sent the browser back with. */
export interface FromGoogle {
  code: string;
  state: string;
  verifier: string;
}

/**
 * Takes what Google has appended to the address of the page out of it. Null means that the page was opened otherwise;
 * "refused" that the person declined, or that another browser began.
 */
export function fromGoogle(): FromGoogle | "refused" | null {
  const url = new URL(location.href);
  const code = url.searchParams.get("code");
  const state = url.searchParams.get("state");
  const error = url.searchParams.get("error");
  if (state === null || (code === null && error === null)) return null;
  for (const name of ["code", "state", "error", "error_description", "scope", "authuser", "prompt", "hd", "iss"]) url.searchParams.delete(name);
  history.replaceState(null, "", url);
  const begun = JSON.parse(sessionStorage.getItem(key) ?? "null") as { state: string; verifier: string } | null;
  sessionStorage.removeItem(key);
  if (code === null || begun?.state !== state) return "refused";
  return { code, state, verifier: begun.verifier };
}

/** Makes a session of what Google sent. */
export function finishGoogle(from: FromGoogle): Promise<SessionsGoogleCreateOutcome | "unreachable"> {
  return attempt(planoauth.sessionsGoogleCreate({ ...from }, { token: null }));
}
