import { PlanoAuth, type Session } from "planoauth";

/** Requests a link by mail, and returns a text for the person. */
export async function requestLink(planoauth: PlanoAuth, email: string): Promise<string> {
  const outcome = await planoauth.sessionsMagicLinkRequest({ email, application: "planoorder" });
  switch (outcome.status) {
    case "action-successful":
      return "Look into your mail.";
    case "rate-limit-exceeded": // outcomes with 429 and 503 have the seconds to wait
      return `Try again in ${Math.ceil((outcome.retry_after ?? 60) / 60)} minutes.`;
    default:
      return outcome.message;
  }
}

/** The link leads to this page of yours. Returns the session, or a text for the person. */
export async function exchangeLink(planoauth: PlanoAuth, page: URL): Promise<Session | string> {
  const outcome = await planoauth.sessionsMagicLinkCreate({ magic_token: page.searchParams.get("magic_token") ?? "" });
  switch (outcome.status) {
    case "action-successful":
      return outcome.data;
    case "invalid-magic-link":
    case "magic-link-expired":
      return "This link is no longer valid. Let us mail you another one.";
    default:
      return outcome.message;
  }
}
