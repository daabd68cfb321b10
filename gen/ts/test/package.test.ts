import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { checkPackage, Package } from "@arethetypeswrong/core";
import { transform } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = async (path: string) => JSON.parse(await readFile(path, "utf8"));
const npm = (...args: string[]) => promisify(execFile)("npm", args, { cwd: root });

/** An empty folder into which the package, as it would be published, is installed from tarballs alone. */
let dir: string;
let installed: string;
let tarball: ArrayBuffer;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "planoauth-package-"));
  const { stdout } = await npm("ls", "--omit=dev", "--all", "--parseable"); // the package and all that it depends on
  await npm("pack", "--ignore-scripts", "--pack-destination", dir, ...stdout.trim().split("\n"));
  const tarballs = (await readdir(dir)).map((name) => join(dir, name));
  tarball = Uint8Array.from(await readFile(tarballs.find((path) => /planoauth-[\d.]+\.tgz$/.test(path))!)).buffer;
  const empty = join(dir, "cache");
  await npm("install", "--prefix", dir, "--offline", "--cache", empty, "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs);
  installed = join(dir, "node_modules/planoauth");
});
after(() => rm(dir, { recursive: true, force: true }));

test("the package has the version of the spec and one dependency", async () => {
  const { version, dependencies } = await read(join(installed, "package.json"));
  assert.equal(version, (await read(join(root, "../openapi.gen.json"))).info.version, "run `make generate`");
  assert.deepEqual(Object.keys(dependencies), ["openapi-fetch"]);
});

test("publint reports nothing", async () => {
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg!, { color: false })), []);
});

test("the types work wherever an ES module can be loaded", async () => {
  const names = await readdir(installed, { recursive: true });
  const files = await Promise.all(
    names.filter((name) => /\.\w+$/.test(name)).map(async (name) => [`/node_modules/planoauth/${name}`, await readFile(join(installed, name))] as const),
  );
  const { version } = await read(join(installed, "package.json"));
  const result = await checkPackage(new Package(Object.fromEntries(files), "planoauth", version));
  assert.ok(result.types);
  // What node calls CommonJS gets at the package by import() alone, and before TypeScript 4.7 nothing had exports.
  const others = result.problems.filter((problem) => !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)));
  assert.deepEqual(others, []);
  for (const resolution of ["node16-esm", "bundler"] as const) {
    const found = result.entrypoints["."]?.resolutions[resolution];
    assert.match(found?.resolution?.fileName ?? "", /planoauth\/dist\/index\.d\.ts$/);
    assert.match(found?.implementationResolution?.fileName ?? "", /planoauth\/dist\/index\.js$/);
  }
});

const consumer = `
  import { PlanoAuth, PlanoAuthError, type SessionsReadOutcome } from "planoauth";

  export async function check(baseUrl: string): Promise<string> {
    const planoauth = new PlanoAuth({ baseUrl, token: () => "plas_consumer" });
    // @ts-expect-error There is no such operation; a package whose types were not found would have it.
    const none: undefined = planoauth.sessionsCrate;
    const outcome: SessionsReadOutcome = await planoauth.sessionsRead();
    // @ts-expect-error There is no such status.
    if (outcome.status === "sesion-expired") return "";
    return outcome.status === "session-expired" ? outcome.data.reason : \`\${outcome.status} \${none} \${PlanoAuthError.name}\`;
  }`;

for (const [how, module, moduleResolution, lib, types] of [
  ["a browser's bundler", "ESNext", "bundler", ["ES2022", "DOM"], []],
  ["node16, without the DOM", "Node16", "node16", ["ES2022"], ["node"]],
  ["nodenext", "NodeNext", "nodenext", ["ES2022", "DOM"], []],
] as const) {
  test(`a program compiles and runs: ${how}`, async () => {
    const sources = join(dir, moduleResolution);
    await cp(join(root, "examples"), sources, { recursive: true });
    await writeFile(join(sources, "consumer.ts"), consumer);
    await writeFile(join(sources, "package.json"), `{ "type": "module" }`);
    const { options, errors } = ts.convertCompilerOptionsFromJson(
      { module, moduleResolution, lib, types, typeRoots: [join(root, "node_modules/@types")], target: "ES2022", strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
      sources,
    );
    assert.deepEqual(errors, []);
    const files = (await readdir(sources)).filter((name) => name.endsWith(".ts")).map((name) => join(sources, name));
    const program = ts.createProgram(files, options);
    const { diagnostics } = program.emit();
    const messages = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
    assert.equal(ts.formatDiagnostics(messages, ts.createCompilerHost(options)), "");
    assert.ok(program.getSourceFile(join(installed, "dist/index.d.ts")), "the types are the installed ones");

    const { check } = await import(pathToFileURL(join(sources, "consumer.js")).href);
    assert.equal(await expired((baseUrl) => check(baseUrl)), "idle");
  });
}

test("browsers load it as one module, which uses web APIs only", async (t) => {
  const bundle = await readFile(join(root, "dist-browser/planoauth.js"), "utf8");
  assert.doesNotMatch(bundle, /^\s*import\b|\bimport\s*\(|\brequire\s*\(/m);
  const small = (await transform(bundle, { minify: true, format: "esm" })).code;
  t.diagnostic(`dist-browser/planoauth.js: ${small.length} bytes minified, ${gzipSync(small).length} of them gzipped`);

  const { code } = await transform(bundle, { format: "iife", globalName: "planoauth" });
  const web = createContext({ fetch, Request, Headers, FormData, TextEncoder, btoa }); // no process, no Buffer, no require
  runInContext(code, web);
  const call = runInContext(`async (baseUrl) => {
    const outcome = await new planoauth.PlanoAuth({ baseUrl }).sessionsCreate({ email: "ada@example.com", password: "ä€🔑", application: "planoorder" });
    return outcome.data.reason;
  }`, web);
  assert.equal(await expired(call), "idle");
});

/** Runs a program with a server that answers every call with session-expired. */
async function expired(call: (baseUrl: string) => Promise<string>): Promise<string> {
  const answer = { code: 401, status: "session-expired", message: "The session has expired.", request_id: "3TQ5ZKXW7N2RFYB4MJ6HCDLVAE" };
  const data = { reason: "idle", ended_at: "2026-11-25T08:00:00.000Z" };
  const server = createServer((_, res) => res.writeHead(401, { "Content-Type": "application/json" }).end(JSON.stringify({ ...answer, data, param: "token" })));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await call(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
