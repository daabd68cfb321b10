// Package oidc signs people in with one OpenID provider, such as Google: authorization code flow with state,
// nonce and PKCE.
//
// A Client discovers its provider at the first use. A success is kept for the life of the Client, a failure
// is not. All types are safe for concurrent use.
//
// An Account is returned only if the provider signed its ID token for this client, for this nonce, and the
// token has not expired. Whether the account may sign in is decided by the caller.
//
// Every call ends after 5 seconds. Redirects are not followed, since they would carry the client secret and
// the code along. Errors wrap one of the Err variables. Their texts are short and contain no code, token,
// verifier or secret.
package oidc
