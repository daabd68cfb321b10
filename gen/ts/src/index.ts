export * from "./operations.gen.js";
export type * from "./schema.gen.js";
export { PlanoAuthError, type CallingUser, type CallOptions, type Outcome, type PlanoAuthOptions, type RetryAfter } from "./transport.js";
