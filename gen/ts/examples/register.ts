import { PlanoAuth, type ClientsRegisterClient, type Session } from "planoauth";

type Registered = { session: Session } | { errors: Record<string, string> };

/** Returns the session of the new client, or the errors of the form's fields, by their names. */
export async function register(planoauth: PlanoAuth, client: ClientsRegisterClient): Promise<Registered> {
  const outcome = await planoauth.clientsRegister({ application: "planoorder", client });
  switch (outcome.status) {
    case "action-successful":
    case "mandrill-email-failed": // the client is registered; the mail is sent later, so do not call again
      return { session: outcome.session };
    case "missing-param":
    case "invalid-param":
    case "client-validation-failed": // a param is a path such as client.email; the message continues its name
      return { errors: Object.fromEntries(outcome.errors.map(({ param, message }) => [param.replace("client.", ""), message])) };
    case "email-already-registered":
      return { errors: { email: "belongs to an account already; sign in instead" } };
    default:
      throw new Error(`${outcome.message} (request ${outcome.request_id})`);
  }
}
