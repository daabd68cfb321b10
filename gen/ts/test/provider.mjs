// A real OIDC provider (the certified npm package oidc-provider), standing in for Google in tests.
//
//   node test/provider.mjs [redirect URI …]
//
// listens on a free port of 127.0.0.1, prints its issuer on one line, and ends with its standard input. There is one client,
// google-client with the secret google-secret. Its page /interaction/… signs a person in by the query ?account=: the
// claims of the account, JSON in base64url, which all go into the ID token as Google's do; or "deny", for a person who refuses.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import Provider from "oidc-provider"; // version 8, since 9 needs more than node 18

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const accounts = new Map(); // claims by the subject, as they were at its last sign-in
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "google-client",
      client_secret: "google-secret",
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: process.argv.slice(2),
    }],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", kid: "first" }] },
    cookies: { keys: ["tests only"] },
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified", "hd"],
      profile: ["given_name", "family_name"],
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    ttl: { AuthorizationCode: 60, IdToken: 3600, AccessToken: 3600, Grant: 3600, Interaction: 3600, Session: 3600 },
    findAccount: (_, id) => ({ accountId: id, claims: () => accounts.get(id) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on("request", (req, res) => {
    const url = new URL(req.url, issuer);
    if (!url.pathname.startsWith("/interaction/")) return answer(req, res);
    provider.interactionFinished(req, res, signIn(url.searchParams.get("account")))
      .catch((error) => res.writeHead(500).end(String(error)));
  });
  console.log(issuer);
});

function signIn(account) {
  if (account === "deny") return { error: "access_denied" };
  const claims = JSON.parse(Buffer.from(account, "base64url").toString());
  accounts.set(claims.sub, claims);
  return { login: { accountId: claims.sub } };
}

process.stdin.on("end", () => process.exit()).resume();
