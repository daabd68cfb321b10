import { attempt, planoauth, type Answer } from "../api";
import { data } from "../document";

/** The paths of the pages, between which people go without another request. */
export type Path = "/sign-in" | "/register" | "/forgot";

/** Somebody who is signed in and has no client record yet. */
export interface Person {
  token: string;
  email: string;
  first_name?: string;
  last_name?: string;
}

/** What the server says of the product that opened the page: the Go type hostedPage. */
interface HostedPage {
  path: Path;
  /** Where the browser goes back to. */
  redirect_url: string;
  /** Absent where the browser goes back without a token. */
  challenge?: string;
  /** The person whose session the product has handed over. */
  person?: Person;
}

export const page = data.page as HostedPage;

/** The application of the page, which the server has checked. */
export const application = data.application;

/** Returns the address of a page with all that it needs to go on. */
export function addressOf(path: Path): string {
  const address = new URL(path, location.origin);
  const query = { application: application.slug, redirect_url: page.redirect_url, challenge: page.challenge, lang: data.language };
  for (const [name, value] of Object.entries(query)) if (value) address.searchParams.set(name, value);
  return address.href;
}

/** Hands a session over to the product, and goes there. It returns only a refusal, or null while the browser leaves. */
export async function handOver(token: string): Promise<Answer | null> {
  const { challenge = "", redirect_url } = page;
  const outcome = await attempt(planoauth.sessionsHandOver({ challenge, redirect_url }, { token }));
  if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
  leave(outcome.data.url);
  return null;
}

/** Goes back to the product. This page is then no longer behind the browser's Back button. */
export function leave(url: string) {
  location.replace(url);
}
