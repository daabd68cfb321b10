import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PlanoAuth, PlanoAuthError } from "planoauth";
import { checkSession } from "../examples/check-session.js";
import { exchangeLink, requestLink } from "../examples/magic-link.js";
import { register } from "../examples/register.js";
import { signIn } from "../examples/sign-in.js";
import { signInForUser } from "../examples/sign-in-for-user.js";
import { whoIsThere } from "../examples/who-is-there.js";
import { startOwnServer } from "./server.js";

let server: Awaited<ReturnType<typeof startOwnServer>>;
before(async () => void (server = await startOwnServer()));
after(() => server?.stop());

const password = "nanoseconds on a wire";
const client = (email: string) => ({ email, password, first_name: "Grace", last_name: "Hopper" });
const withToken = (token?: string) => new PlanoAuth({ baseUrl: server.baseUrl, token });

/** Registers a client with the example, and returns the token of the session. */
async function registered(email: string): Promise<string> {
  const outcome = await register(withToken(), client(email));
  return ("session" in outcome && outcome.session.token) || assert.fail("nobody was registered");
}

test("the README shows the examples as they are, and all of them", () => {
  const gen = new URL("../../", import.meta.url);
  const shown = [...readFileSync(new URL("README.md", gen), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text);
  const examples = new URL("examples/", gen);
  const texts = readdirSync(examples).map((name) => readFileSync(new URL(name, examples), "utf8"));
  assert.deepEqual(shown.sort(), texts.sort());
});

test("sign-in", async () => {
  await registered("sign-in@example.com");
  const session = await signIn(withToken(), "sign-in@example.com", password);
  assert.ok(typeof session === "object" && session.token);
  assert.equal(await signIn(withToken(), "sign-in@example.com", "difference engine 1822"), "Try again, or let us mail you a link.");
  assert.equal(await signIn(withToken(), "nobody@example.com", password), "No user has this e-mail address.");
});

test("register", async () => {
  await registered("register@example.com");
  assert.deepEqual(await register(withToken(), client("register@example.com")), {
    errors: { email: "belongs to an account already; sign in instead" },
  });
  assert.deepEqual(await register(withToken(), { ...client("new@example.com"), password: "grace", phone: "12" }), {
    errors: { phone: "is not a phone number that can exist", password: "must have at least 8 characters" },
  });
  const { last_name, ...nameless } = client("not an address");
  assert.deepEqual(await register(withToken(), nameless as ReturnType<typeof client>), {
    errors: { last_name: "is required", email: "must be an e-mail address such as ada@example.com" },
  });
  await assert.rejects(register(withToken("plas_unknown"), client("new@example.com")), /^Error: The token is not valid.*\(request [A-Z2-7]{26}\)$/);
});

test("who-is-there", async () => {
  const token = await registered("who-is-there@example.com");
  const session = await whoIsThere(withToken(token));
  assert.ok(typeof session === "object");
  assert.equal(session.user?.email, "who-is-there@example.com");
  assert.equal(await whoIsThere(withToken()), "Please sign in.");
  assert.equal(await whoIsThere(withToken("plas_unknown")), "Please sign in.");
  await server.travel(4);
  assert.equal(await whoIsThere(withToken(token)), "You were away for three days.");
});

test("check-session", async () => {
  const token = await registered("check-session@example.com");
  const { stdout } = await server.admin("application", "token", "planoorder");
  const product = withToken(stdout.trim());
  const session = await untilKnown(() => checkSession(product, token));
  assert.equal(session?.user?.email, "check-session@example.com");
  assert.equal(await checkSession(product, "plas_unknown"), undefined);
  await assert.rejects(checkSession(withToken("plaa_unknown"), token), /The token is not valid/);
  await server.travel(8);
  assert.equal(await checkSession(product, token), undefined);
});

test("sign-in-for-user", async () => {
  await registered("for-user@example.com");
  const { stdout } = await server.admin("application", "token", "planoorder");
  const request = (remoteAddress: string) => ({ socket: { remoteAddress }, headers: { "user-agent": "Ada's telephone" } }) as IncomingMessage;
  const params = { email: "for-user@example.com", password };
  const made = await untilKnown(async () => {
    const session = await signInForUser(withToken(), stdout.trim(), request("203.0.113.7"), params);
    assert.ok(typeof session === "object" && session.token);
    return session;
  });
  const list = await withToken(made.token).sessionsIndex({ view: "full" });
  assert.ok(list.status === "action-successful");
  const session = list.data.results.find(({ id }) => id === made.id);
  assert.deepEqual([session?.ip, session?.user_agent], ["203.0.113.7", "Ada's telephone"]);
  assert.equal(await signInForUser(withToken(), "plaa_unknown", request("203.0.113.7"), params), "The token is not valid.");
  await assert.rejects(signInForUser(withToken(), stdout.trim(), request(""), params), /the user has no IP address/);
});

test("magic-link", async () => {
  const email = "magic-link@example.com";
  await registered(email);
  await server.admin("application", "set", "planoorder", "--url", "https://order.example.com");
  await untilKnown(async () => assert.equal(await requestLink(withToken(), "nobody@example.com"), "No user has this e-mail address."));
  assert.equal(await requestLink(withToken(), email), "Look into your mail.");
  const mails = (await (await fetch(`${server.baseUrl}/dev/mail.json`)).json()) as { to: string; links: string[] }[];
  const [link] = mails.find(({ to }) => to === email)?.links ?? assert.fail("no link was mailed");
  const magic_token = new URL(link!).searchParams.get("token");
  const page = new URL(`https://order.example.com/?magic_token=${magic_token}`);
  const session = await exchangeLink(withToken(), page);
  assert.ok(typeof session === "object" && session.token);
  assert.equal(await exchangeLink(withToken(), page), "This link is no longer valid. Let us mail you another one.");
  assert.equal(await requestLink(withToken(), email), "Look into your mail.");
  let text = "";
  for (let requests = 0; requests < 5; requests++) text = await requestLink(withToken(), email);
  assert.match(text, /^Try again in (9|10) minutes\.$/);
});

/** Repeats a call until the server has received a change of the database. */
async function untilKnown<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 50 || error instanceof PlanoAuthError) throw error;
      await sleep(100);
    }
  }
}
