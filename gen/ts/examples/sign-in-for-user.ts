import { PlanoAuth, type Session } from "planoauth";

/** In the backend of a product, signs in the user who has sent this request. Returns the session, or a text for the user. */
export async function signInForUser(
  planoauth: PlanoAuth,
  application: string, // the application's token, which never leaves the backend
  request: { socket: { remoteAddress?: string | undefined }; headers: { "user-agent"?: string | undefined } }, // of node:http
  params: { email: string; password: string },
): Promise<Session | string> {
  const address = request.socket.remoteAddress ?? ""; // behind a load balancer, what that says of it
  const user = { application, address, userAgent: request.headers["user-agent"] };
  const outcome = await planoauth.sessionsCreate({ ...params, application: "planoorder" }, { user });
  switch (outcome.status) {
    case "action-successful":
      return outcome.data;
    case "rate-limit-exceeded": // of this user's address, and of no other user's
      return `Try again in ${Math.ceil((outcome.retry_after ?? 60) / 60)} minutes.`;
    default:
      return outcome.message;
  }
}
