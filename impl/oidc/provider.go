package oidc

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// timeout limits discovery, and an exchange including the verification of its token.
const timeout = 5 * time.Second

// clockSkew is how far the provider's clock may be behind.
const clockSkew = time.Minute

// Provider is a provider that was discovered.
type Provider struct {
	provider *oidc.Provider
	oauth    oauth2.Config
}

// Authorization is the start of a sign-in. State, nonce and verifier have 256 random bits each.
type Authorization struct {
	URL      string // at the provider, to open in the browser
	State    string // comes back with the code
	Nonce    string // comes back in the ID token
	Verifier string // of PKCE; Exchange needs it
}

// Authorize starts a sign-in. It makes no call.
func (p *Provider) Authorize() Authorization {
	a := Authorization{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
	a.URL = p.oauth.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier))
	return a
}

// Challenge returns the PKCE challenge of a verifier (S256). It can be stored where the verifier must not be.
func Challenge(verifier string) string { return oauth2.S256ChallengeFromVerifier(verifier) }

// Grant is what a sign-in brings back, with the nonce that it began with.
type Grant struct {
	Code, Verifier, Nonce string
}

// Account holds the provider's claims about an account, as signed. Texts are neither normalized nor checked,
// but for Subject.
type Account struct {
	Subject       string `json:"sub"` // 1 to 255 printable ASCII characters; never changes
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Domain        string `json:"hd"` // of the organization that manages the account at Google, or ""
	GivenName     string `json:"given_name"`
	FamilyName    string `json:"family_name"`
}

// Exchange exchanges a code for an ID token and returns the account in it. now is compared with the token's
// expiry. Its errors are ErrExchange and ErrIDToken.
func (p *Provider) Exchange(ctx context.Context, grant Grant, now time.Time) (*Account, error) {
	ctx, cancel := callContext(ctx)
	defer cancel()
	tokens, err := p.oauth.Exchange(ctx, grant.Code, oauth2.VerifierOption(grant.Verifier))
	if err != nil {
		return nil, exchangeFailure(err)
	}
	text, _ := tokens.Extra("id_token").(string)
	token, err := p.provider.Verifier(&oidc.Config{
		ClientID: p.oauth.ClientID,
		Now:      func() time.Time { return now.Add(-clockSkew) },
	}).Verify(ctx, text)
	if err != nil {
		return nil, failure(ErrIDToken, err.Error())
	}
	return p.account(token, grant.Nonce)
}

// subjectPattern is the form that OpenID Connect requires.
var subjectPattern = regexp.MustCompile(`^[ -~]{1,255}$`)

// account checks the claims that the library does not: nonce, authorized party and subject.
func (p *Provider) account(token *oidc.IDToken, nonce string) (*Account, error) {
	var claims struct {
		Account
		AuthorizedParty string `json:"azp"`
	}
	if token.Claims(&claims) != nil {
		return nil, failure(ErrIDToken, "a claim has the wrong type")
	}
	// A token for several audiences must name the one that requested it.
	authorized := claims.AuthorizedParty == p.oauth.ClientID || claims.AuthorizedParty == "" && len(token.Audience) == 1
	switch {
	case token.Nonce != nonce:
		return nil, failure(ErrIDToken, "the nonce is of another sign-in")
	case !authorized:
		return nil, failure(ErrIDToken, "another client requested the token")
	case !subjectPattern.MatchString(claims.Subject):
		return nil, failure(ErrIDToken, "the subject is missing or malformed")
	}
	return &claims.Account, nil
}

// callContext returns the context of calls to the provider: with a time limit, and an HTTP client that
// follows no redirects.
func callContext(ctx context.Context) (context.Context, context.CancelFunc) {
	client := &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return context.WithTimeout(oidc.ClientContext(ctx, client), timeout)
}
