import { PlanoAuth, PlanoAuthError, type Outcome } from "planoauth";
import { data } from "./document";
import * as session from "./session";

/** The client of this server. It sends the token of the page's session, and the language of the page, for mails. */
export const planoauth = new PlanoAuth({
  baseUrl: location.origin,
  token: session.token,
  headers: {
    get "Accept-Language"() {
      return data.language;
    },
  },
});

/** What a call came to: a documented outcome, or none, where the server could not be reached or answered otherwise. */
export type Answer = Outcome | "unreachable";

/** Makes a call, and returns "unreachable" where it has no outcome. */
export async function attempt<Result extends Outcome>(call: Promise<Result>): Promise<Result | "unreachable"> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof PlanoAuthError) return "unreachable";
    throw error;
  }
}
