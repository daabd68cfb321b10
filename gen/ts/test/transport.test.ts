import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { PlanoAuth, PlanoAuthError, type PlanoAuthOptions } from "planoauth";

const envelope = { code: 200, status: "action-successful", message: "The request was successful.", request_id: "3TQ5ZKXW7N2RFYB4MJ6HCDLVAE" };
const credentials = { email: "ada@example.com", password: "analytical engine 1843", application: "planoorder" };

interface Arrived extends Pick<IncomingMessage, "method" | "url" | "headers"> {
  body: string;
}

/** A server on loopback with a fixed answer, its client, and the requests that arrived. */
async function loopback(t: TestContext, answer: (res: ServerResponse) => void, options: Partial<PlanoAuthOptions> = {}) {
  const arrived: Arrived[] = [];
  const server = createServer(async (req, res) => {
    arrived.push({ method: req.method, url: req.url, headers: req.headers, body: await text(req) });
    answer(res);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { arrived, server, baseUrl, planoauth: new PlanoAuth({ baseUrl, ...options }) };
}

function json(code: number, body: unknown) {
  return (res: ServerResponse) => void res.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function raw(code: number, body: string, headers: Record<string, string> = {}) {
  return (res: ServerResponse) => void res.writeHead(code, { "Content-Type": "text/html", ...headers }).end(body);
}

test("a sensitive operation arrives as base64 in text/plain", async (t) => {
  const { arrived, planoauth } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }));
  const params = { ...credentials, password: "Grüße 🔑 – naïve Σ \u0000 ÿ " + "ß".repeat(30_000) };

  const outcome = await planoauth.sessionsCreate(params);

  assert.deepEqual(outcome, { ...envelope, data: { id: 1 } });
  assert.equal(arrived.length, 1);
  const [request] = arrived as [Arrived];
  assert.equal(request.method, "POST");
  assert.equal(request.url, "/api/v1/sessions/create");
  assert.equal(request.headers["content-type"], "text/plain");
  assert.equal(request.headers.authorization, undefined);
  assert.match(request.body, /^[A-Za-z0-9+/]+={0,2}$/);
  assert.deepEqual(JSON.parse(Buffer.from(request.body, "base64").toString("utf8")), params);
});

test("every other operation arrives as JSON", async (t) => {
  const { arrived, planoauth } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }));

  await planoauth.sessionsRead({ view: "full" });
  await planoauth.sessionsRead();

  assert.deepEqual(arrived.map(({ url, body }) => [url, body]), [
    ["/api/v1/sessions/read", `{"view":"full"}`],
    ["/api/v1/sessions/read", "{}"],
  ]);
  for (const { headers } of arrived) assert.equal(headers["content-type"], "application/json");
});

test("the user of a call goes into headers, beside the token", async (t) => {
  const { arrived, planoauth } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }), { token: "plas_own" });

  await planoauth.sessionsRead({}, { user: { application: "plaa_x", address: "203.0.113.7", userAgent: "Ada's telephone" } });
  await planoauth.sessionsRead({}, { user: { application: "plaa_x", address: "fe80::1%eth0" } });
  await planoauth.sessionsRead();

  assert.deepEqual(arrived.map(({ headers }) => [headers.authorization, headers["planoauth-application"], headers["x-forwarded-for"]]), [
    ["Bearer plas_own", "plaa_x", "203.0.113.7"],
    ["Bearer plas_own", "plaa_x", "fe80::1"],
    ["Bearer plas_own", undefined, undefined],
  ]);
  assert.equal(arrived[0]?.headers["user-agent"], "Ada's telephone");
  assert.ok(!arrived[1]?.headers["user-agent"]);
  for (const user of [{ application: "plaa_x", address: "" }, { application: "plaa_x", address: "203.0.113.7, 198.51.100.1" }, { application: "plaa_ü", address: "203.0.113.7" }])
    await assert.rejects(planoauth.sessionsRead({}, { user }), PlanoAuthError);
  assert.equal(arrived.length, 3);
});

test("the token of the call takes precedence over the params', and that over the client's", async (t) => {
  const later = async () => "plas_later";
  for (const [own, passed, inParams, authorization] of [
    [undefined, undefined, undefined, undefined],
    ["plas_own", undefined, undefined, "Bearer plas_own"],
    [() => "plas_function", undefined, undefined, "Bearer plas_function"],
    [later, undefined, undefined, "Bearer plas_later"],
    [() => undefined, undefined, undefined, undefined],
    ["plas_own", "plas_call", undefined, "Bearer plas_call"],
    ["plas_own", null, undefined, undefined],
    ["plas_own", undefined, "plas_param", undefined],
    ["plas_own", "plas_call", "plas_param", "Bearer plas_call"],
  ] as const) {
    const { arrived, planoauth } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }), { token: own });

    await planoauth.sessionsRead({ token: inParams }, { token: passed });
    await planoauth.sessionsCreate({ ...credentials, token: inParams }, { token: passed });

    assert.deepEqual(arrived.map(({ headers }) => headers.authorization), [authorization, authorization]);
    assert.deepEqual(JSON.parse(arrived[0]?.body ?? ""), inParams ? { token: inParams } : {});
  }
});

test("a token function is called for each call, and the caller gets its error", async (t) => {
  const tokens = ["plas_1", "plas_2"];
  const broken = new Error("the store is locked");
  const token = () => tokens.shift() ?? Promise.reject(broken);
  const { arrived, planoauth } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }), { token });

  await planoauth.sessionsRead();
  await planoauth.sessionsRead();
  await assert.rejects(planoauth.sessionsRead(), (error) => error === broken);

  assert.deepEqual(arrived.map(({ headers }) => headers.authorization), ["Bearer plas_1", "Bearer plas_2"]);
});

test("the caller can set fetch, headers and a path in the base URL", async (t) => {
  const { arrived, baseUrl } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }));
  const urls: string[] = [];
  const planoauth = new PlanoAuth({
    baseUrl: `${baseUrl}/auth/`,
    headers: { "X-Trace": "7" },
    fetch: (request) => (urls.push(request.url), fetch(request)),
  });

  await planoauth.sessionsCreate(credentials);

  assert.deepEqual(urls, [`${baseUrl}/auth/api/v1/sessions/create`]);
  assert.equal(arrived[0]?.url, "/auth/api/v1/sessions/create");
  assert.equal(arrived[0]?.headers["x-trace"], "7");
  assert.equal(arrived[0]?.headers["content-type"], "text/plain");
});

test("a documented outcome never throws, whatever its HTTP status", async (t) => {
  for (const [code, status] of [
    [400, "email-not-found"],
    [401, "session-expired"],
    [413, "request-too-large"],
    [500, "application-crash"],
    [503, "server-busy"],
  ] as const) {
    const answer = { ...envelope, code, status };
    const { planoauth } = await loopback(t, json(code, answer));
    assert.deepEqual(await planoauth.sessionsCreate(credentials), answer);
  }
});

test("an undocumented answer throws", async (t) => {
  for (const [answer, httpStatus, message] of [
    [raw(200, "<!doctype html>"), 200, /^sessionsRead: HTTP status 200 without an envelope$/],
    [raw(200, "<!doctype html>", { "Content-Length": "15" }), 200, /HTTP status 200 without an envelope/],
    [raw(502, "<h1>Bad Gateway</h1>"), 502, /HTTP status 502 with no envelope/],
    [raw(200, ""), 200, /HTTP status 200 with no envelope/],
    [raw(204, ""), 204, /HTTP status 204 with no envelope/],
    [raw(307, "", { Location: "/api/v1/sessions/read" }), 307, /HTTP status 307 with no envelope/],
    [json(200, null), 200, /HTTP status 200 with no envelope/],
    [json(404, { error: "not found" }), 404, /HTTP status 404 with no envelope/],
    [json(500, "action-successful"), 500, /HTTP status 500 with no envelope/],
    [json(400, { ...envelope, status: "email-not-found" }), 400, /HTTP status 400 with the undocumented status "email-not-found"/],
    [(res: ServerResponse) => void res.destroy(), undefined, /^sessionsRead: no answer$/],
    [(res: ServerResponse) => void (res.writeHead(200, { "Content-Length": "9" }), res.write("{"), setTimeout(() => res.destroy(), 50)), 200, /HTTP status 200 without an envelope/],
  ] as const) {
    const { arrived, planoauth } = await loopback(t, answer);
    await assert.rejects(planoauth.sessionsRead(), (error) => {
      assert.ok(error instanceof PlanoAuthError && error instanceof Error);
      assert.equal(error.name, "PlanoAuthError");
      assert.match(error.message, message);
      assert.equal(error.httpStatus, httpStatus);
      return true;
    });
    assert.equal(arrived.length, 1, "no call is made twice");
  }
});

test("an unreachable server throws, and the cause says why", async (t) => {
  const { server, planoauth } = await loopback(t, json(200, envelope));
  await new Promise((closed) => server.close(closed));
  await assert.rejects(planoauth.sessionsRead(), (error) => {
    assert.ok(error instanceof PlanoAuthError);
    assert.equal(error.httpStatus, undefined);
    assert.ok(error.cause instanceof TypeError);
    return true;
  });
});

test("a temporary refusal has the seconds to wait", async (t) => {
  for (const [code, status, header, retry_after] of [
    [429, "rate-limit-exceeded", "60", 60],
    [503, "server-busy", "1", 1],
    [503, "server-busy", "Wed, 25 Nov 2026 08:00:00 GMT", undefined],
    [503, "server-busy", "", undefined],
  ] as const) {
    const answer = { ...envelope, code, status };
    const { planoauth } = await loopback(t, raw(code, JSON.stringify(answer), { "Retry-After": header }));
    const outcome = await planoauth.sessionsCreate(credentials);
    assert.ok(outcome.status === "rate-limit-exceeded" || outcome.status === "server-busy");
    assert.equal(outcome.retry_after, retry_after);
    assert.equal("retry_after" in outcome, retry_after !== undefined);
    assert.equal(outcome.message, envelope.message);
  }
});

test("an error does not repeat the token or the params", async (t) => {
  const { arrived, baseUrl } = await loopback(t, (res) => void res.destroy());
  const secret = "plas_secret";
  for (const token of [`${secret}\n${secret}`, `${secret}\0`, `${secret}…`, `${secret}ß`, secret]) {
    const planoauth = new PlanoAuth({ baseUrl, token });
    await assert.rejects(planoauth.sessionsCreate({ ...credentials, password: secret }), (error) => {
      assert.ok(error instanceof PlanoAuthError);
      assert.doesNotMatch(inspect(error, { depth: Infinity }), /secret/);
      return true;
    });
  }
  assert.equal(arrived.length, 1, "only what a header can carry is sent");
});

test("white space around a token, as in a file, is removed", async (t) => {
  const { arrived, planoauth } = await loopback(t, json(200, { ...envelope, data: { id: 1 } }), { token: "\tplaa_file\r\n" });
  await planoauth.sessionsRead();
  assert.equal(arrived[0]?.headers.authorization, "Bearer plaa_file");
});

test("a redirect is not followed", async (t) => {
  const elsewhere = await loopback(t, json(200, { ...envelope, data: { id: 1 } }));
  for (const code of [301, 302, 303, 307, 308]) {
    const { planoauth } = await loopback(t, raw(code, "", { Location: elsewhere.baseUrl }), { token: "plas_own" });
    await assert.rejects(planoauth.sessionsCreate(credentials), { httpStatus: code });
  }
  assert.deepEqual(elsewhere.arrived, []);
});

test("the envelope of an answer matters, its content type does not", async (t) => {
  const answer = { ...envelope, data: { id: 1 } };
  const { planoauth } = await loopback(t, raw(200, JSON.stringify(answer)));
  assert.deepEqual(await planoauth.sessionsRead(), answer);
});

test("an aborted call throws the signal's reason", async (t) => {
  const { planoauth } = await loopback(t, () => undefined);
  const reason = new Error("the page was left");
  const controller = new AbortController();
  const call = planoauth.sessionsRead({}, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(call, (error) => error === reason);
  await assert.rejects(planoauth.sessionsRead({}, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  await assert.rejects(planoauth.sessionsRead({}, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
});

test("a signal aborts a call whose answer has begun, and has no effect after the call", async (t) => {
  const begun = await loopback(t, (res) => void (res.writeHead(200), res.write("{")));
  const controller = new AbortController();
  const call = begun.planoauth.sessionsRead({}, { signal: controller.signal });
  const reason = new Error("the page was left");
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(call, (error) => error === reason);

  const answer = { ...envelope, data: { id: 1 } };
  const over = await loopback(t, json(200, answer));
  const late = new AbortController();
  assert.deepEqual(await over.planoauth.sessionsRead({}, { signal: late.signal }), answer);
  late.abort();
});

test("a list is read page by page, to its end or to a refusal", async (t) => {
  const pages = [
    { ...envelope, data: { results: [{ id: 1 }, { id: 2 }], next: "two" } },
    { ...envelope, data: { results: [{ id: 3 }], next: "three" } },
    { code: 401, status: "invalid-token", message: "The token is not valid.", request_id: envelope.request_id, param: "token" },
  ];
  const answers = pages.slice();
  const { arrived, planoauth } = await loopback(t, (res) => {
    const page = answers.shift()!;
    json(page.code, page)(res);
  });
  const ids: number[] = [];

  const reading = (async () => {
    for await (const session of planoauth.sessionsIndexAll({ view: "full", page: { size: 2, number: 4 } })) ids.push(session.id);
  })();

  await assert.rejects(reading, (error: unknown) => error instanceof PlanoAuthError && error.outcome?.status === "invalid-token" && error.httpStatus === 401);
  assert.deepEqual(ids, [1, 2, 3]);
  assert.deepEqual(
    arrived.map(({ body }) => (JSON.parse(body) as { page: unknown }).page),
    [{ size: 2, number: 4 }, { size: 2, after: "two" }, { size: 2, after: "three" }],
  );
});
