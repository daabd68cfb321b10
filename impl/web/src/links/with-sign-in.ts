import type { Outcome } from "planoauth";
import { attempt, planoauth, type Answer } from "../api";
import { application } from "./link";

/**
 * Signs in to the application of the link, makes a call with the token of that session, and ends the session. It returns
 * the outcome of the call, or that of the sign-in where nobody was signed in.
 */
export async function withSignIn(email: string, password: string, call: (token: string) => Promise<Outcome>): Promise<Answer> {
  const signedIn = await attempt(planoauth.sessionsCreate({ email, password, application }, { token: null }));
  if (signedIn === "unreachable") return signedIn;
  switch (signedIn.status) {
    case "action-successful":
    case "client-required":
    case "mandrill-email-failed": {
      // There is a session in all of these.
      const token = signedIn.data.token!;
      try {
        return await attempt(call(token));
      } finally {
        await attempt(planoauth.sessionsDelete({}, { token }));
      }
    }
    default:
      return signedIn;
  }
}
