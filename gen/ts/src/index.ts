export * from "./operations.gen.js";
export type * from "./schema.gen.js";
export { PlanoAuthError, type CallOptions, type PlanoAuthOptions, type RetryAfter } from "./transport.js";
