import { PlanoAuth, type ClientsRegisterClient, type Session } from "planoauth";

type Registered = { session: Session } | { errors: Record<string, string> };

/** Answers with the session of the new client, or with what to show beside the fields of the form, by their names. */
export async function register(planoauth: PlanoAuth, client: ClientsRegisterClient): Promise<Registered> {
  const outcome = await planoauth.clientsRegister({ application: "planoorder", client });
  switch (outcome.status) {
    case "action-successful":
    case "mandrill-email-failed": // all is done; the mail is sent later, and the call must not be made again
      return { session: outcome.session };
    case "missing-param":
    case "invalid-param":
    case "client-validation-failed": // each param is a path such as client.email; a message goes on from its name
      return { errors: Object.fromEntries(outcome.errors.map(({ param, message }) => [param.replace("client.", ""), message])) };
    case "email-already-registered":
      return { errors: { email: "belongs to an account already; sign in instead" } };
    default:
      throw new Error(`${outcome.message} (request ${outcome.request_id})`);
  }
}
