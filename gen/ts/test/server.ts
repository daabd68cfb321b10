import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client as Postgres } from "pg";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const startLimit = 180_000; // a first start builds the command and creates the cluster

/** A PlanoAuth server: the one at PLANOAUTH_URL, or one of this repository's own on an embedded Postgres. */
export async function startServer(): Promise<{ baseUrl: string; stop(): Promise<void> }> {
  const running = process.env.PLANOAUTH_URL;
  return running ? { baseUrl: running, stop: async () => {} } : startOwnServer();
}

/** A server of this repository's own, with settings that may depend on its URL. */
export async function startOwnServer(settings: (baseUrl: string) => Promise<Record<string, string>> = async () => ({})) {
  const dir = await mkdtemp(join(tmpdir(), "planoauth-ts-"));
  let server: ReturnType<typeof serve> | undefined;
  const stop = async () => {
    try {
      await server?.stop();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  };
  try {
    await chmod(dir, 0o755); // Postgres does not run as root, and has to get in
    const binary = join(dir, "planoauth"); // not `go run`, which does not hand signals on
    await promisify(execFile)("go", ["build", "-o", binary, "./impl/planoauth"], { cwd: root });
    const addr = `127.0.0.1:${await freePort()}`;
    const baseUrl = `http://${addr}`;
    const data = join(dir, "data");
    server = serve(binary, { ADDR: addr, DATA_DIR: data, ...(await settings(baseUrl)) });
    await server.ready(`${baseUrl}/health/ready`);

    /** Runs an administrative verb of the command. */
    const admin = (...verb: string[]) => promisify(execFile)(binary, verb, { env: { ...environment(), DATA_DIR: data } });
    /** Moves the times of all sessions into the past. */
    const travel = (days: number) => makeOlder(data, days);
    return { baseUrl, stop, admin, travel };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeOlder(data: string, days: number) {
  const password = (await readFile(join(data, "password"), "utf8")).trim();
  const port = Number((await readFile(join(data, "cluster", "postmaster.pid"), "utf8")).split("\n")[3]);
  const postgres = new Postgres({ host: "127.0.0.1", port, user: "planoauth", password, database: "planoauth" });
  await postgres.connect();
  try {
    await postgres.query("UPDATE sessions SET created_at = created_at - make_interval(days => $1), last_used_at = last_used_at - make_interval(days => $1)", [days]);
  } finally {
    await postgres.end();
  }
}

function serve(binary: string, settings: Record<string, string>) {
  const child = spawn(binary, ["serve"], { cwd: root, env: { ...environment(), ...settings }, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = once(child, "close");
  let exit: string | undefined;
  void ended.then(([code, signal]) => (exit = String(code ?? signal)), (error) => (exit = String(error)));

  return {
    async ready(url: string) {
      for (const limit = Date.now() + startLimit; Date.now() < limit; await sleep(100)) {
        if (exit !== undefined) throw new Error(`the server ended (${exit}) instead of serving:\n${log}`);
        const answer = await fetch(url).catch(() => undefined);
        if (answer?.status === 200) return;
      }
      throw new Error(`the server is not ready after ${startLimit / 1000} s:\n${log}`);
    },
    async stop() {
      if (exit !== undefined) return;
      child.kill("SIGTERM");
      await ended;
      assert.equal(exit, "0", `the server did not stop as it should:\n${log}`);
    },
  };
}

/** Returns this process's environment without the server's settings, so that no other database is used and no mail sent. */
function environment(): NodeJS.ProcessEnv {
  const setting = /^(ADDR|PUBLIC_URL|DATA.*|MANDRILL_.*|SMTP_URL|MAIL_FROM|GOOGLE_.*|DISCLOSURE|ARGON2_.*|HASH_WORKERS|THROTTLE_.*|METRICS_ADDR|TRUSTED_PROXIES)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !setting.test(name)));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
