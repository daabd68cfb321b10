import { PlanoAuth, type Session } from "planoauth";

/**
 * In the backend of a product, returns the session whose token came with a request, or undefined if it is not valid.
 * `planoauth` has the application's token, which never leaves the backend.
 */
export async function checkSession(planoauth: PlanoAuth, session_token: string): Promise<Session | undefined> {
  const outcome = await planoauth.sessionsRead({ session_token });
  switch (outcome.status) {
    case "action-successful":
      return outcome.data;
    case "invalid-token":
    case "session-expired":
    case "client-required":
      if (outcome.param === "session_token") return undefined;
      break; // the application's own token was refused
  }
  throw new Error(`${outcome.message} (request ${outcome.request_id})`);
}
