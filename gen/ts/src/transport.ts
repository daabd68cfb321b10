import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./schema.gen.js";

/** The server, and how to call it. */
export interface PlanoAuthOptions {
  /** The URL of the server, such as `https://auth.example.com`. */
  baseUrl: string;
  /** The token to send, or a function that returns it for each call. Without a value no token is sent. */
  token?: string | (() => Token | Promise<Token>);
  /** A function that makes the requests instead of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
  /** Headers to send with each request. */
  headers?: Record<string, string>;
}

/** Options of one call. */
export interface CallOptions {
  /** The token to send instead of the client's. `null` sends none, for example in a new sign-in. */
  token?: Token;
  /** The user for whom a product's backend calls. */
  user?: CallingUser;
  /** Aborts the call. The promise is then rejected with the signal's reason, like that of `fetch`. */
  signal?: AbortSignal;
}

/**
 * The user whose request a product's backend answers. Rate limits then count the user's address, not the backend's, and
 * mails and sessions show where the user signed in.
 */
export interface CallingUser {
  /** The application's token, `plaa_…`. It is sent beside the token of the call. */
  application: string;
  /** The IP address that the user's request came from; behind a load balancer, what that says of it. */
  address: string;
  /** The header `User-Agent` of the user's request. */
  userAgent?: string | undefined;
}

type Token = string | null | undefined;

/** A property of outcomes with the HTTP status 429 or 503. */
export interface RetryAfter {
  /** Seconds to wait before a retry, from the header `Retry-After`. It is absent if a proxy removed the header. */
  retry_after?: number;
}

/** There was no answer, or an undocumented one. */
export class PlanoAuthError extends Error {
  override readonly name = "PlanoAuthError";

  constructor(
    message: string,
    /** The HTTP status of the answer; undefined if there was no answer. */
    readonly httpStatus?: number,
    options?: ErrorOptions,
    /** The documented outcome, where a list could not be read to its end. */
    readonly outcome?: Outcome,
  ) {
    super(message, options);
  }
}

/** What all outcomes have. */
export interface Outcome {
  code: number;
  status: string;
  message: string;
  request_id: string;
}

/** Which page of a list to ask for. */
interface Page {
  size?: number;
  number?: number;
  after?: string;
}

/** Options of openapi-fetch for one call. */
interface Init {
  headers: Record<string, string>;
  signal?: AbortSignal | undefined;
  fetch: (request: Request) => Promise<Response>;
}

/** Makes the calls. The methods for the operations are in the generated class PlanoAuth. */
export class Transport {
  protected readonly http: Client<paths>;
  readonly #options: PlanoAuthOptions;

  constructor(options: PlanoAuthOptions) {
    this.#options = options;
    // A redirect must not carry a password elsewhere.
    this.http = createClient<paths>({ baseUrl: options.baseUrl, headers: options.headers, redirect: "manual" });
  }

  protected async call<Outcome extends { status: string }>(
    operation: string,
    statuses: readonly Outcome["status"][],
    params: { token?: string },
    options: CallOptions | undefined,
    send: (init: Init) => Promise<{ data?: Outcome; error?: Outcome }>,
  ): Promise<Outcome> {
    const headers = { ...(await this.#authorization(operation, params, options)), ...userHeaders(operation, options?.user) };
    const { fetch = globalThis.fetch } = this.#options;
    const signal = options?.signal;
    let response: Response | undefined;
    let outcome: Outcome | undefined;
    try {
      const answer = await send({ headers, signal, fetch: async (request) => (response = await fetch(request)) });
      outcome = answer.data ?? answer.error;
    } catch (cause) {
      if (signal?.aborted) throw cause;
      const what = response ? `HTTP status ${response.status} without an envelope` : "no answer";
      throw new PlanoAuthError(`${operation}: ${what}`, response?.status, { cause });
    }
    if (outcome && statuses.includes(outcome.status)) {
      const seconds = response?.headers.get("Retry-After");
      return seconds && /^\d+$/.test(seconds) ? { ...outcome, retry_after: Number(seconds) } : outcome;
    }
    const status: unknown = outcome?.status;
    const what = typeof status === "string" ? `the undocumented status ${JSON.stringify(status)}` : "no envelope";
    throw new PlanoAuthError(`${operation}: HTTP status ${response?.status} with ${what}`, response?.status);
  }

  /** Asks for page after page, each after the one before. */
  protected async *rows<Row>(
    operation: string,
    first: Page,
    ask: (page: Page) => Promise<Outcome | (Outcome & { status: "action-successful"; data: { results: Row[]; next?: string } })>,
  ): AsyncGenerator<Row, void, undefined> {
    for (let page: Page | undefined = first; page; ) {
      const outcome = await ask(page);
      if (!("data" in outcome) || outcome.status !== "action-successful") {
        throw new PlanoAuthError(`${operation}: ${outcome.status}: ${outcome.message}`, outcome.code, undefined, outcome);
      }
      yield* outcome.data.results;
      page = outcome.data.next === undefined ? undefined : { ...(page.size && { size: page.size }), after: outcome.data.next };
    }
  }

  /** Returns the header with the token of the call or of the client; a token among the params goes before the client's. */
  async #authorization(operation: string, params: { token?: string }, options: CallOptions | undefined): Promise<Record<string, string>> {
    let token = options?.token;
    if (token === undefined && params.token === undefined) {
      const own = this.#options.token;
      token = typeof own === "function" ? await own() : own;
    }
    token = token?.trim();
    if (!token) return {};
    // The error of fetch for such a header would contain the token.
    if (/[^ -~]/.test(token)) throw new PlanoAuthError(`${operation}: the token has characters that no header can carry`);
    return { Authorization: `Bearer ${token}` };
  }
}

/** Returns the headers that name the user. A backend that names none would share its limits among all users. */
function userHeaders(operation: string, user: CallingUser | undefined): Record<string, string> {
  if (!user) return {};
  const address = user.address.replace(/%.*$/, ""); // the zone of a link-local address
  if (!/^[0-9a-f:.]+$/i.test(address)) throw new PlanoAuthError(`${operation}: the user has no IP address`);
  const application = user.application.trim();
  if (/[^ -~]/.test(application)) throw new PlanoAuthError(`${operation}: the application's token has characters that no header can carry`);
  return { "PlanoAuth-Application": application, "X-Forwarded-For": address, "User-Agent": user.userAgent ?? "" };
}

/** Adds the body of a sensitive operation: base64 of its params as JSON. */
export function sensitive(init: Init, params: object) {
  const bytes = new TextEncoder().encode(JSON.stringify(params));
  return {
    ...init,
    headers: { ...init.headers, "Content-Type": "text/plain" },
    body: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),
    bodySerializer: (body: string) => body,
  };
}
