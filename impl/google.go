package impl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/token"
)

const (
	googleLife    = 10 * time.Minute // of a sign-in that has begun
	googleTimeout = 5 * time.Second  // for discovery, and for an exchange with all that belongs to it
	googleSkew    = time.Minute      // by which Google's clock may be behind
)

// google is what is known of Google, or of the issuer that stands in for it.
type google struct {
	found   atomic.Pointer[oidc.Provider] // nil until it was needed and found
	finding singleflight.Group
}

// googleContext is for calls to Google. Redirects are not followed: they would take the client's secret and the code along.
func googleContext(ctx context.Context) (context.Context, context.CancelFunc) {
	client := &http.Client{
		Timeout:       googleTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return context.WithTimeout(oidc.ClientContext(ctx, client), googleTimeout)
}

// SessionsGoogleAuthorize begins a sign-in with Google. The verifier is handed out and not kept: who cannot show it later did
// not begin.
func (s *Server) SessionsGoogleAuthorize(ctx context.Context, req gen.SessionsGoogleAuthorizeRequestObject) (gen.SessionsGoogleAuthorizeResponseObject, error) {
	c, p := callOf(ctx), req.Body
	app, wrong := c.application(p.Application, p.RedirectURL)
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	redirectURL := p.RedirectURL
	if redirectURL == "" {
		redirectURL = app.URL
	}
	if !allowsRedirect(app, redirectURL) {
		return gen.InvalidParam{Errors: redirectMissing}, nil
	}
	provider, err := s.googleProvider(ctx)
	if err != nil {
		return s.googleFailed(c, err), nil
	}
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier() // 256 random bits each
	digest := token.Digest(state)
	_, err = s.DB.NewInsert().Model(&db.GoogleState{
		StateDigest: digest[:], Challenge: oauth2.S256ChallengeFromVerifier(verifier), Nonce: nonce,
		ApplicationID: app.ID, RedirectURL: redirectURL, CreatedAt: c.now,
	}).Exec(ctx)
	switch {
	case violates(err, "google_states_application_id_fkey"):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	address := s.googleConfig(provider).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	return gen.SessionsGoogleAuthorizeActionSuccessful{Data: gen.GoogleAuthorization{URL: address, State: state, Verifier: verifier}}, nil
}

// SessionsGoogleCreate signs a user in by the code that Google handed out.
func (s *Server) SessionsGoogleCreate(ctx context.Context, req gen.SessionsGoogleCreateRequestObject) (gen.SessionsGoogleCreateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	provider, err := s.googleProvider(ctx)
	if err != nil {
		return s.googleFailed(c, err), nil
	}
	state, err := s.takeGoogleState(ctx, p.State, p.Verifier)
	if err != nil {
		return nil, err
	}
	app := state.application(c.registry, c.now)
	if app == nil {
		return s.googleFailed(c, errGoogleState), nil
	}
	account, err := s.googleAccount(c, provider, state, p)
	if err != nil {
		return s.googleFailed(c, err), nil
	}
	return s.signInWithGoogle(c, account, app, state.RedirectURL, p)
}

// googleCallback is where Google sends the browser. It hands code and state on to the page that began, which alone has the
// verifier, and consumes nothing.
func (s *Server) googleCallback(ec echo.Context) error {
	ec.Response().Header().Set("Referrer-Policy", "no-referrer")
	c, query := callOf(ec.Request().Context()), ec.QueryParams()
	digest := token.Digest(query.Get("state"))
	state, err := s.googleState(c.req.Context(), "SELECT "+googleStateColumns+" FROM google_states WHERE state_digest = $1", digest[:])
	if err != nil {
		return err
	}
	app := state.application(s.registry.newest.Load(), c.now)
	passed := url.Values{"state": {query.Get("state")}}
	switch {
	case query.Get("error") != "":
		passed.Set("error", query.Get("error"))
	case query.Get("code") != "":
		passed.Set("code", query.Get("code"))
	default:
		app = nil
	}
	if app == nil {
		return ec.String(http.StatusBadRequest, "This sign-in with Google is unknown, or older than ten minutes. Please begin again.\n")
	}
	return ec.Redirect(http.StatusSeeOther, formats.AddQuery(state.RedirectURL, passed))
}

// googleState is a sign-in that has begun; nil stands for one that is not known.
type googleState db.GoogleState

// application is the application that a sign-in has begun for. It is nil when the sign-in is unknown or too old, or may no
// longer lead to where it was to lead.
func (state *googleState) application(r *registry, now time.Time) *db.Application {
	if state == nil || !now.Before(state.CreatedAt.Add(googleLife)) {
		return nil
	}
	app := r.appsByID[state.ApplicationID]
	if app == nil || !allowsRedirect(app, state.RedirectURL) {
		return nil
	}
	return app
}

const googleStateColumns = "nonce, application_id, redirect_url, created_at"

// takeGoogleState takes a state away, so that it works once, from whoever has the verifier; to others it stays unknown.
func (s *Server) takeGoogleState(ctx context.Context, state, verifier string) (*googleState, error) {
	digest := token.Digest(state)
	return s.googleState(ctx, "DELETE FROM google_states WHERE state_digest = $1 AND challenge = $2 RETURNING "+googleStateColumns,
		digest[:], oauth2.S256ChallengeFromVerifier(verifier))
}

func (s *Server) googleState(ctx context.Context, query string, args ...any) (*googleState, error) {
	state := &googleState{}
	err := s.DB.Pool.QueryRow(ctx, query, args...).Scan(&state.Nonce, &state.ApplicationID, &state.RedirectURL, &state.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return state, err
}

var (
	errNoGoogle    = errors.New("no client of Google is configured")
	errGoogleState = errors.New("the state or its verifier is unknown, used or old")
)

// googleProvider finds Google by its discovery document, once; a failure is not remembered.
func (s *Server) googleProvider(ctx context.Context) (*oidc.Provider, error) {
	if s.Settings.GoogleClientID == "" {
		return nil, errNoGoogle
	}
	if known := s.google.found.Load(); known != nil {
		return known, nil
	}
	_, err, _ := s.google.finding.Do("", func() (any, error) {
		ctx, cancel := googleContext(context.WithoutCancel(ctx))
		defer cancel()
		found, err := oidc.NewProvider(ctx, s.Settings.GoogleIssuer)
		if err == nil {
			s.google.found.Store(found)
		}
		return nil, err
	})
	return s.google.found.Load(), err
}

func (s *Server) googleConfig(provider *oidc.Provider) *oauth2.Config {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // not tried out, for that sends a code that fails twice
	return &oauth2.Config{
		ClientID: s.Settings.GoogleClientID, ClientSecret: s.Settings.GoogleClientSecret, Endpoint: endpoint,
		RedirectURL: s.Settings.PublicURL + "/google/callback",
		Scopes:      []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile},
	}
}

// googleAccount is what Google says of an account.
type googleAccount struct {
	Subject         string `json:"sub"`
	Email           string `json:"email"` // as stored here; "" when it is none that a user may have
	EmailVerified   bool   `json:"email_verified"`
	Domain          string `json:"hd"` // of the organization that runs the account
	GivenName       string `json:"given_name"`
	FamilyName      string `json:"family_name"`
	AuthorizedParty string `json:"azp"`
}

// subjectForm is what OpenID Connect allows.
var subjectForm = regexp.MustCompile(`^[ -~]{1,255}$`)

// googleAccount exchanges a code for an ID token, and believes it only if Google signed it, for this client, for this
// sign-in, and lately.
func (s *Server) googleAccount(c *call, provider *oidc.Provider, state *googleState, p *gen.SessionsGoogleCreateParams) (*googleAccount, error) {
	ctx, cancel := googleContext(c.req.Context())
	defer cancel()
	tokens, err := s.googleConfig(provider).Exchange(ctx, p.Code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return nil, err
	}
	text, _ := tokens.Extra("id_token").(string)
	token, err := provider.Verifier(&oidc.Config{
		ClientID: s.Settings.GoogleClientID,
		Now:      func() time.Time { return c.now.Add(-googleSkew) },
	}).Verify(ctx, text)
	if err != nil {
		return nil, err
	}
	account := &googleAccount{}
	if err := token.Claims(account); err != nil {
		return nil, errors.New("the claims of the ID token are of other types")
	}
	party := account.AuthorizedParty
	switch {
	case token.Nonce != state.Nonce:
		return nil, errors.New("the ID token has another nonce")
	case party != s.Settings.GoogleClientID && (party != "" || len(token.Audience) > 1):
		return nil, errors.New("the ID token was made for another party")
	case !subjectForm.MatchString(account.Subject):
		return nil, errors.New("the ID token has no subject")
	}
	if account.Email = formats.NormalizeEmail(account.Email); !s.fits("Email", account.Email) {
		account.Email = ""
	}
	return account, nil
}

// googleFailed logs why. Nothing of that is in the answer, and no code or token in the log.
func (s *Server) googleFailed(c *call, err error) gen.GoogleSignInFailed {
	cause := err.Error()
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) { // its text has the whole answer
		cause = fmt.Sprintf("the exchange was refused with HTTP status %d %q", refused.Response.StatusCode, refused.ErrorCode)
	}
	s.Log.Warn("a sign-in with Google failed", "request_id", c.id, "operation", c.op.ID, "cause", cause[:min(len(cause), maxCause)])
	return gen.GoogleSignInFailed{}
}

const maxCause = 500 // bytes that are logged of an error that may quote a whole document
