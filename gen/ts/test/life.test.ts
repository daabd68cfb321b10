import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PlanoAuth, type Session } from "planoauth";
import { startOwnServer } from "./server.js";

const application = "planoorder";
const product = "http://127.0.0.1:9"; // nothing listens there, because the browser stops before it
const email = "grace@example.com";

/** Mandrill's messages/send, which keeps the mails. */
const mails: { to: { email: string }[]; text: string }[] = [];
const mandrill: Server = createServer(async (req, res) => {
  let text = "";
  for await (const chunk of req) text += String(chunk);
  const { message } = JSON.parse(text) as { message: (typeof mails)[number] };
  mails.push(message);
  res.setHeader("Content-Type", "application/json");
  res.end(JSON.stringify(message.to.map((to) => ({ email: to.email, status: "sent", _id: "1", reject_reason: null }))));
});

let server: Awaited<ReturnType<typeof startOwnServer>>;
let google: ReturnType<typeof spawn>;
before(async () => {
  mandrill.listen(0, "127.0.0.1");
  await once(mandrill, "listening");
  server = await startOwnServer(async (baseUrl) => {
    const provider = fileURLToPath(new URL("../../test/provider.mjs", import.meta.url));
    google = spawn(process.execPath, [provider, `${baseUrl}/google/callback`], { stdio: ["pipe", "pipe", "inherit"] });
    const [issuer] = (await once(createInterface(google.stdout!), "line")) as [string];
    return {
      MANDRILL_API_KEY: "md-test-key", MANDRILL_URL: `http://127.0.0.1:${(mandrill.address() as AddressInfo).port}`, MAIL_FROM: "auth@example.com",
      GOOGLE_CLIENT_ID: "google-client", GOOGLE_CLIENT_SECRET: "google-secret", GOOGLE_ISSUER: issuer,
    };
  });
  await server.admin("application", "set", application, "--url", product);
});
after(async () => {
  google?.stdin?.end();
  await server?.stop();
  mandrill.close();
});

/** The token of the newest mailed link to this page. */
function linkTo(page: string): string {
  const links = mails.flatMap(({ text }) => [...text.matchAll(new RegExp(`/${page}\\?token=(plal_[a-z2-7]+)`, "g"))]);
  return links.at(-1)?.[1] ?? assert.fail(`no link to /${page} was mailed`);
}

/** A client on its own device, which keeps the token of its last session. */
function onDevice(name: string) {
  let session: Session | undefined;
  const planoauth = new PlanoAuth({ baseUrl: server.baseUrl, token: () => session?.token, headers: { "User-Agent": name } });
  const keep = (outcome: { status: string; data?: unknown }) => {
    assert.equal(outcome.status, "action-successful");
    session = outcome.data as Session;
    return session;
  };
  return { planoauth, keep };
}

async function signIn(device: string, password: string) {
  const { planoauth, keep } = onDevice(device);
  return { planoauth, session: keep(await planoauth.sessionsCreate({ email, password, application })) };
}

/** Follows the redirects from Google's URL back to the product, with cookies, like a browser. */
async function throughGoogle(url: string, claims: object): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  const account = Buffer.from(JSON.stringify(claims)).toString("base64url");
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    const location = answer.headers.get("location") ?? assert.fail(`${new URL(url).pathname} answered ${answer.status}`);
    const next = new URL(location, url);
    if (next.origin === product) return next.searchParams;
    if (next.pathname.startsWith("/interaction/")) next.searchParams.set("account", account);
    url = next.href;
  }
  return assert.fail("the browser goes in circles");
}

test("a whole life of an account", async () => {
  const firstPassword = "nanoseconds on a wire";
  const registering = onDevice("registration").planoauth;
  const registered = await registering.clientsRegister({
    application, client: { email, password: firstPassword, first_name: "Grace", last_name: "Hopper" },
  });
  assert.equal(registered.status, "action-successful");
  const token = registered.session.token;

  // verify
  const profile = async () => {
    const outcome = await registering.usersRead({ view: "full" }, { token });
    assert.equal(outcome.status, "action-successful");
    return outcome.data;
  };
  assert.equal((await profile()).email_verified, false);
  const verification_token = linkTo("verify");
  assert.equal((await registering.usersEmailVerify({ verification_token }, { token })).status, "action-successful");
  assert.equal((await registering.usersEmailVerify({ verification_token }, { token })).status, "invalid-verification-link");
  assert.equal((await profile()).email_verified, true);

  // three devices
  const phone = await signIn("phone", firstPassword);
  const tablet = await signIn("tablet", firstPassword);
  const desk = await signIn("desk", firstPassword);
  const list = await desk.planoauth.sessionsIndex({ view: "full", count: true });
  assert.equal(list.status, "action-successful");
  assert.deepEqual(list.data.results.map((session) => session.user_agent), ["desk", "tablet", "phone", "registration"]);
  assert.equal(list.data.count, 4);
  const signedOut = await desk.planoauth.sessionsDelete({ id: phone.session.id });
  assert.equal(signedOut.status, "action-successful");
  assert.equal((await phone.planoauth.sessionsRead()).status, "invalid-token");
  assert.equal((await tablet.planoauth.sessionsRead()).status, "action-successful");

  // forget and reset the password
  const anybody = new PlanoAuth({ baseUrl: server.baseUrl });
  assert.equal((await anybody.usersPasswordResetRequest({ email, application })).status, "action-successful");
  const reset_token = linkTo("reset");
  const password = "the compiler is my friend";
  assert.equal((await anybody.usersPasswordReset({ reset_token, password: "password1" })).status, "password-rejected");
  assert.equal((await anybody.usersPasswordReset({ reset_token, password })).status, "action-successful");
  assert.equal((await anybody.usersPasswordReset({ reset_token, password })).status, "invalid-reset-link");
  assert.equal((await desk.planoauth.sessionsRead()).status, "invalid-token");
  assert.equal((await anybody.sessionsCreate({ email, password: firstPassword, application })).status, "invalid-password");
  const again = await signIn("desk again", password);

  // add Google
  const begun = await anybody.sessionsGoogleAuthorize({ application });
  assert.equal(begun.status, "action-successful");
  const back = await throughGoogle(begun.data.url, { sub: "1906", email, email_verified: true, hd: "example.com" });
  assert.equal(back.get("state"), begun.data.state);
  const exchange = { code: back.get("code") ?? "", state: begun.data.state, verifier: begun.data.verifier };
  const byGoogle = onDevice("by Google");
  const made = byGoogle.keep(await byGoogle.planoauth.sessionsGoogleCreate({ ...exchange, view: "full" }));
  assert.equal(made.method, "google");
  assert.equal((await anybody.sessionsGoogleCreate(exchange)).status, "google-sign-in-failed");
  const linked = await byGoogle.planoauth.usersRead({ view: "full" });
  assert.equal(linked.status === "action-successful" && linked.data.google_linked, true);

  // a magic link
  assert.equal((await anybody.sessionsMagicLinkRequest({ email, application })).status, "action-successful");
  const magic_token = linkTo("magic");
  const page = await fetch(`${server.baseUrl}/magic?token=${magic_token}`);
  const button = /href="([^"]*magic_token=[^"]*)"/.exec(await page.text())?.[1] ?? assert.fail("the page has no button");
  assert.equal(new URL(button.replaceAll("&amp;", "&")).searchParams.get("magic_token"), magic_token);
  assert.equal(new URL(button).origin, product);
  const byLink = onDevice("by link");
  byLink.keep(await byLink.planoauth.sessionsMagicLinkCreate({ magic_token }));

  // stay signed in for 100 days
  const saved = await again.planoauth.preferencesUpdate({ remember_me: true });
  assert.equal(saved.status === "action-successful" && saved.data.remember_me, true);
  await server.travel(100);
  const still = await again.planoauth.sessionsRead();
  assert.equal(still.status, "action-successful");
  assert.equal(still.data.expires_at, undefined);

  // sign out everywhere
  const everywhere = await again.planoauth.sessionsDelete({ scope: "all" });
  assert.equal(everywhere.status === "action-successful" && everywhere.data.count, 3);
  for (const { planoauth } of [again, byGoogle, byLink]) assert.equal((await planoauth.sessionsRead()).status, "invalid-token");
});

test("the other operations work from this client too", async () => {
  const person = { email: "ada@example.com", password: "analytical engine 1843" };
  const registering = new PlanoAuth({ baseUrl: server.baseUrl });
  const client = { ...person, first_name: "Ada", last_name: "Lovelace" };
  assert.equal((await registering.clientsRegister({ application: "planoauth", client })).status, "action-successful");
  await server.admin("employee", "add", person.email, "--unproven");
  const { planoauth, keep } = onDevice("desk");
  keep(await planoauth.sessionsCreate({ ...person, application: "planoauth" }));

  const updated = await planoauth.usersUpdate({ phone: "(212) 555-2368" });
  assert.equal(updated.status === "action-successful" && updated.data.phone, "+12125552368");
  const preferences = await planoauth.preferencesRead();
  assert.equal(preferences.status === "action-successful" && preferences.data.remember_me, false);
  const password = "the compiler is my friend";
  assert.equal((await planoauth.usersPasswordUpdate({ password, current_password: "wrong" })).status, "invalid-password");
  assert.equal((await planoauth.usersPasswordUpdate({ password, current_password: person.password })).status, "action-successful");
  const again = await planoauth.usersClientRegister({ application: "planoauth", client: { first_name: "Ada", last_name: "Lovelace" } });
  assert.equal(again.status, "email-already-client");

  const notifications = await planoauth.notificationsIndex({ filters: ["unacknowledged"], count: true });
  assert.equal(notifications.status, "action-successful");
  assert.equal(notifications.data.count, notifications.data.results.length);
  const unknown = await planoauth.notificationsUpdate({ id: 4711, acknowledged: true });
  assert.deepEqual(unknown.status === "invalid-param" && unknown.errors.map(({ param, rule }) => [param, rule]), [["id", "exists"]]);

  const { stdout } = await server.admin("application", "token", "planoauth");
  const product = new PlanoAuth({ baseUrl: server.baseUrl, token: stdout.trim() });
  const signedIn = await planoauth.sessionsCreate({ ...person, password, application: "planoauth" });
  assert.equal(signedIn.status, "action-successful");
  let checked = await product.sessionsRead({ session_token: signedIn.data.token });
  for (let tries = 0; checked.status === "invalid-token" && checked.param === "token" && tries < 50; tries++) {
    await sleep(100); // until the server has received the new token
    checked = await product.sessionsRead({ session_token: signedIn.data.token });
  }
  assert.equal(checked.status === "action-successful" && checked.data.user?.email, person.email);
});
