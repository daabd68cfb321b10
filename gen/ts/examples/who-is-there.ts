import { PlanoAuth, type Session } from "planoauth";

/** Returns the session of the page's token, or a text to show above the sign-in form. */
export async function whoIsThere(planoauth: PlanoAuth): Promise<Session | string> {
  const outcome = await planoauth.sessionsRead();
  switch (outcome.status) {
    case "action-successful":
      return outcome.data;
    case "session-expired":
      return outcome.data.reason === "idle" ? "You were away for three days." : "You signed in a week ago.";
    case "missing-param": // there is no token
    case "invalid-token":
      return "Please sign in.";
    default:
      throw new Error(`${outcome.message} (request ${outcome.request_id})`);
  }
}
