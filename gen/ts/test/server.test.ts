import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { PlanoAuth } from "planoauth";
import { startServer } from "./server.js";

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => void (server = await startServer()));
after(() => server?.stop());

const application = "planoorder";
const password = "Grüße 🔑 nanoseconds on a wire";

/** A client with the token of its last session, and a person who has registered with it. */
async function register() {
  const email = `grace.${randomUUID()}@example.com`;
  let token: string | undefined;
  const planoauth = new PlanoAuth({ baseUrl: server.baseUrl, token: () => token });
  const present = (session: { token?: string }) => void (token = session.token);
  const outcome = await planoauth.clientsRegister({
    application,
    client: { email, password, first_name: "Gräce", last_name: "Høpper 🚢" },
  });
  assert.equal(outcome.status, "action-successful");
  assert.equal(outcome.data.first_name, "Gräce");
  assert.equal(outcome.data.last_name, "Høpper 🚢");
  present(outcome.session);
  return { email, planoauth, present };
}

test("a client registers, signs in, reads the session and signs out", async () => {
  const { email, planoauth, present } = await register();

  const created = await planoauth.sessionsCreate({ email, password, application, application_view: "minimal" });
  assert.equal(created.status, "action-successful");
  assert.match(created.data.token ?? "", /^plas_/);
  assert.equal(created.application?.slug, application);
  present(created.data);

  const read = await planoauth.sessionsRead({ view: "full" });
  assert.equal(read.status, "action-successful");
  assert.equal(read.data.id, created.data.id);
  assert.equal(read.data.user?.email, email);
  assert.equal(read.data.method, "password");
  assert.equal(read.data.token, undefined);

  const deleted = await planoauth.sessionsDelete();
  assert.equal(deleted.status, "action-successful");
  assert.equal(deleted.data.count, 1);

  const again = await planoauth.sessionsRead();
  assert.equal(again.status, "invalid-token");
  assert.equal(again.param, "token");
});

test("a wrong password and an unknown address are outcomes", async () => {
  const { email, planoauth } = await register();
  const wrong = await planoauth.sessionsCreate({ email, password: "difference engine 1822", application });
  assert.equal(wrong.status, "invalid-password");
  assert.equal(wrong.code, 400);
  const unknown = await planoauth.sessionsCreate({ email: `nobody.${randomUUID()}@example.com`, password, application });
  assert.equal(unknown.status, "email-not-found");
});

test("a param that a program without types leaves out is an outcome", async () => {
  const planoauth = new PlanoAuth({ baseUrl: server.baseUrl });
  // @ts-expect-error The password and the application are required.
  const outcome = await planoauth.sessionsCreate({ email: "ada@example.com" });
  assert.equal(outcome.status, "missing-param");
  assert.deepEqual(outcome.errors.map(({ param, rule }) => [param, rule]), [
    ["password", "required"],
    ["application", "required"],
  ]);
});

test("a sign-in with an expired token is refused, but not without a token", async () => {
  const { email, planoauth } = await register();
  assert.equal((await planoauth.sessionsDelete()).status, "action-successful");
  const credentials = { email, password, application };
  assert.equal((await planoauth.sessionsCreate(credentials)).status, "invalid-token");
  assert.equal((await planoauth.sessionsCreate(credentials, { token: null })).status, "action-successful");
});
