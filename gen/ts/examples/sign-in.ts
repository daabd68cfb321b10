import { PlanoAuth, type Session } from "planoauth";

/** Answers with the session, or with what to tell the person. */
export async function signIn(planoauth: PlanoAuth, email: string, password: string): Promise<Session | string> {
  const outcome = await planoauth.sessionsCreate({ email, password, application: "planoorder" });
  switch (outcome.status) {
    case "action-successful":
      return outcome.data; // its token goes to new PlanoAuth({ baseUrl, token })
    case "invalid-password":
      return "Try again, or let us mail you a link.";
    default: // leave it out, and tsc names each status that you have not handled
      return outcome.message;
  }
}
