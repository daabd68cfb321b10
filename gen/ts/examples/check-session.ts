import { PlanoAuth, type Session } from "planoauth";

/**
 * Answers, in the backend of a product, with the session whose token came with a request, or with nothing if there is none;
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
      break; // it is the application's own token that was refused
  }
  throw new Error(`${outcome.message} (request ${outcome.request_id})`);
}
