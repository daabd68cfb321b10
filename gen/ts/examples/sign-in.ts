import { PlanoAuth, type Session } from "planoauth";

/** Returns the session, or a text for the person. */
export async function signIn(planoauth: PlanoAuth, email: string, password: string): Promise<Session | string> {
  const outcome = await planoauth.sessionsCreate({ email, password, application: "planoorder" });
  switch (outcome.status) {
    case "action-successful":
      return outcome.data; // pass its token to new PlanoAuth({ baseUrl, token })
    case "invalid-password":
      return "Try again, or let us mail you a link.";
    default: // without it, tsc names each status that you have not handled
      return outcome.message;
  }
}
