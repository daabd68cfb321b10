import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { operations, PlanoAuth } from "planoauth";

// The methods return exactly the outcomes that openapi-typescript reads from the spec.
type InSpec<Responses> = {
  [Code in keyof Responses]: Responses[Code] extends { content: { "application/json": infer Outcome } } ? Outcome : never;
}[keyof Responses];
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Exact = { [ID in keyof operations]: Same<Awaited<ReturnType<PlanoAuth[ID]>>, InSpec<operations[ID]["responses"]>> };
export const exact = (outcomes: Exact): { [ID in keyof operations]: true } => outcomes;

const root = fileURLToPath(new URL("../../", import.meta.url));
const spec = JSON.parse(readFileSync(`${root}/../openapi.gen.json`, "utf8"));

for (const [id, slugs] of Object.entries(slugsOfOperations())) {
  test(`a switch over the outcomes of ${id} is exhaustive with all its slugs, and with no fewer`, () => {
    const files: Record<string, string> = { "all.ts": exhaustive(id, slugs) };
    for (const slug of slugs) files[`${slug}.ts`] = exhaustive(id, slugs.filter((other) => other !== slug));
    const errors = compile(files);

    assert.deepEqual(errors["all.ts"], []);
    for (const slug of slugs) {
      const [byReturn, byNever, ...others] = errors[`${slug}.ts`] ?? [];
      assert.match(byReturn ?? "", /lacks ending return statement/, slug);
      assert.match(byNever ?? "", new RegExp(`status: "${slug}";.* is not assignable to type 'never'`), slug);
      assert.deepEqual(others, []);
    }
  });
}

test("what the spec does not have does not compile", () => {
  const call = (statement: string) => `
    import { PlanoAuth, type Session } from "planoauth";
    const planoauth = new PlanoAuth({ baseUrl: "http://localhost" });
    const credentials = { email: "ada@example.com", password: "analytical engine 1843", application: "planoorder" };
    export async function call() { const outcome = await planoauth.sessionsCreate(credentials); ${statement} }`;
  const errors = compile({
    "good.ts": call(`if (outcome.status === "action-successful") { const session: Session = outcome.data; return session; } return outcome.code;`),
    "token.ts": call(`if (outcome.status !== "action-successful") return ""; const made: Session & { token: string } = outcome.data; return made.token;`),
    "read.ts": call(`const read = await planoauth.sessionsRead(); return read.status === "action-successful" ? read.data.token.length : outcome.code;`),
    "data.ts": call("return outcome.data;"),
    "slug.ts": call(`return outcome.status === "email-unknown";`),
    "missing.ts": call(`return planoauth.sessionsCreate({ email: "ada@example.com", password: "analytical engine 1843" });`),
    "unknown.ts": call("return planoauth.sessionsCreate({ ...credentials, remember_me: true, otp: 1 });"),
    "operation.ts": call("return planoauth.sessionsCrate(credentials);"),
  });

  assert.deepEqual(errors["good.ts"], []);
  assert.deepEqual(errors["token.ts"], []);
  assert.match(String(errors["read.ts"]), /'read.data.token' is possibly 'undefined'/);
  assert.match(String(errors["data.ts"]), /Property 'data' does not exist/);
  assert.match(String(errors["slug.ts"]), /'"email-unknown"' have no overlap/);
  assert.match(String(errors["missing.ts"]), /Property 'application' is missing/);
  assert.match(String(errors["unknown.ts"]), /'remember_me' does not exist/);
  assert.match(String(errors["operation.ts"]), /'sessionsCrate' does not exist/);
});

function exhaustive(id: string, slugs: string[]): string {
  const outcome = `${id.charAt(0).toUpperCase()}${id.slice(1)}Outcome`;
  const cases = slugs.map((slug) => `case "${slug}": return outcome.message;`).join("\n");
  return `
    import type { ${outcome} } from "planoauth";
    export function byReturn(outcome: ${outcome}): string { switch (outcome.status) { ${cases} } }
    export function byNever(outcome: ${outcome}): string {
      switch (outcome.status) { ${cases} default: { const left: never = outcome; return left; } }
    }`;
}

/** Returns the errors of files in this folder that exist in memory only. */
function compile(files: Record<string, string>): Record<string, string[]> {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, noEmit: true, rootDir: "." }, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  const path = (name: string) => `${root}test/${name}`;
  const texts = new Map(Object.entries(files).map(([name, text]) => [path(name), text]));
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  const program = ts.createProgram([...texts.keys()], options, host);
  assert.deepEqual(messages([...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]), []);
  return Object.fromEntries(
    Object.keys(files).map((name) => {
      const source = program.getSourceFile(path(name));
      return [name, messages([...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])];
    }),
  );
}

function messages(diagnostics: readonly ts.Diagnostic[]): string[] {
  return diagnostics.map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
}

/** Returns the slugs of each operation, read without the code that generates the client. */
function slugsOfOperations(): Record<string, string[]> {
  const follow = (node: any): any => (node.$ref ? follow(at(node.$ref)) : node);
  const at = (ref: string) => ref.slice(2).split("/").reduce((node, key) => node[key], spec);
  const slugs = (schema: any): string[] => {
    const found = follow(schema);
    return found.oneOf ? found.oneOf.flatMap(slugs) : found.properties.status.enum;
  };
  const found = Object.values<object>(spec.paths).flatMap((methods) => Object.values(methods));
  return Object.fromEntries(
    found.map((operation) => [
      operation.operationId,
      Object.values<any>(operation.responses).flatMap((response) => slugs(follow(response).content["application/json"].schema)),
    ]),
  );
}
