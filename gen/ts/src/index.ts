export * from "./operations.gen.js";
export type * from "./schema.gen.js";
export { PlanoAuthError, type CallingUser, type CallOptions, type PlanoAuthOptions, type RetryAfter } from "./transport.js";
