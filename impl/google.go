package impl

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/oidc"
	"github.com/planoauth/planoauth/impl/token"
)

// googleStateLife is how long a started sign-in with Google can be completed.
const googleStateLife = 10 * time.Minute

// newGoogle returns the OpenID client of Google, or of the issuer that tests set instead.
func newGoogle(settings Settings) *oidc.Client {
	return oidc.New(oidc.Config{
		Issuer: settings.GoogleIssuer, ClientID: settings.GoogleClientID, ClientSecret: settings.GoogleClientSecret,
		RedirectURL: settings.PublicURL + "/google/callback",
	})
}

// SessionsGoogleAuthorize starts a sign-in with Google. The caller gets the verifier and only its challenge
// is stored, so that nobody else can complete the sign-in.
func (s *Server) SessionsGoogleAuthorize(ctx context.Context, req gen.SessionsGoogleAuthorizeRequestObject) (
	gen.SessionsGoogleAuthorizeResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	app, wrong := c.application(p.Application, "")
	redirectURL := p.RedirectURL
	switch {
	case len(wrong) > 0:
		return gen.InvalidParam{Errors: wrong}, nil
	case redirectURL == "" && !allowsRedirect(app, app.URL):
		return gen.InvalidParam{Errors: redirectMissing}, nil
	case redirectURL == "":
		redirectURL = app.URL
	case !s.allowsGoogleRedirect(app, redirectURL):
		return gen.InvalidParam{Errors: redirectNotAllowed}, nil
	}
	provider, err := s.google.Discover(c.context())
	if err != nil {
		return s.googleFailed(c, err), nil
	}
	started := provider.Authorize()
	_, err = s.DB.NewInsert().Model(&db.GoogleState{
		StateDigest: stateDigest(started.State), Challenge: oidc.Challenge(started.Verifier), Nonce: started.Nonce,
		ApplicationID: app.ID, RedirectURL: redirectURL, CreatedAt: c.now,
	}).Exec(c.context())
	switch {
	case db.Violates(err, db.GoogleStatesApplicationIDFkey):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	s.madeUpStates.Made(stateDigest(started.State))
	data := gen.GoogleAuthorization{URL: started.URL, State: started.State, Verifier: started.Verifier}
	return gen.SessionsGoogleAuthorizeActionSuccessful{Data: data}, nil
}

// SessionsGoogleCreate completes a sign-in with the code that Google issued.
func (s *Server) SessionsGoogleCreate(ctx context.Context, req gen.SessionsGoogleCreateRequestObject) (
	gen.SessionsGoogleCreateResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	completed, failed, err := s.completeGoogle(c, p.Code, p.State, p.Verifier)
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		return s.googleFailed(c, failed), nil
	}
	return s.signInWithGoogle(c, completed.account, completed.app, completed.redirectURL, p)
}

// googleSignIn is a completed sign-in with Google.
type googleSignIn struct {
	account     *oidc.Account
	app         *db.Application // for which it was started
	redirectURL string
}

// completeGoogle consumes a state, and exchanges the code for the Google account. failed is the cause of a
// google-sign-in-failed, nil if there is none.
func (s *Server) completeGoogle(c *call, code, stateText, verifier string) (completed googleSignIn, failed, err error) {
	provider, failed := s.google.Discover(c.context())
	if failed != nil {
		return completed, failed, nil
	}
	state, err := db.ConsumeGoogleState(c.context(), s.DB, stateDigest(stateText), oidc.Challenge(verifier))
	if err != nil {
		return completed, nil, err
	}
	app := s.googleApplication(state, c.registry, c.now)
	if app == nil {
		return completed, errGoogleState, nil
	}
	account, failed := provider.Exchange(c.context(), oidc.Grant{Code: code, Verifier: verifier, Nonce: state.Nonce}, c.now)
	if failed != nil {
		return completed, failed, nil
	}
	account.Email = s.acceptableEmail(account.Email)
	if !allowsRedirect(app, state.RedirectURL) {
		state.RedirectURL = "" // a page of PlanoAuth, where the user does not stay
	}
	return googleSignIn{account, app, state.RedirectURL}, nil, nil
}

// googleCallback is the page that Google redirects the browser to. It passes code and state on to the page
// that started the sign-in, which alone has the verifier. It consumes nothing.
func (s *Server) googleCallback(ec echo.Context) error {
	c, query := callOf(ec.Request().Context()), ec.QueryParams()
	state, err := s.findGoogleState(c, query.Get("state"))
	if err != nil {
		return err
	}
	app := s.googleApplication(state, s.registry.newest.Load(), c.now)
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
		link := ""
		if s.googleTarget(state, s.registry.newest.Load()) != nil {
			link = state.RedirectURL
		}
		return s.showNotice(ec, http.StatusBadRequest, googleTooLate.notice(nil, link))
	}
	ec.Response().Header().Set("Referrer-Policy", "no-referrer")
	return ec.Redirect(http.StatusSeeOther, formats.AddQuery(state.RedirectURL, passed))
}

// findGoogleState returns a started sign-in with Google. It is nil if there is none.
func (s *Server) findGoogleState(c *call, text string) (*db.GoogleState, error) {
	digest := token.Digest(text)
	if s.madeUpStates.Unknown(c.network(), digest, c.now) {
		return nil, nil
	}
	state, err := db.GoogleStateByDigest(c.context(), s.DB, digest[:])
	if state == nil && err == nil {
		s.madeUpStates.Count(c.network(), digest, c.now)
	}
	return state, err
}

// googleApplication returns the application that a sign-in was started for. It is nil when the sign-in is
// unknown (a nil state) or expired, or when the application no longer allows its redirect URL.
func (s *Server) googleApplication(state *db.GoogleState, r *registry, now time.Time) *db.Application {
	if state == nil || !now.Before(state.CreatedAt.Add(googleStateLife)) {
		return nil
	}
	return s.googleTarget(state, r)
}

// googleTarget is googleApplication for a sign-in that may have expired.
func (s *Server) googleTarget(state *db.GoogleState, r *registry) *db.Application {
	if state == nil {
		return nil
	}
	app := r.appsByID[state.ApplicationID]
	if app == nil || !s.allowsGoogleRedirect(app, state.RedirectURL) {
		return nil
	}
	return app
}

var errGoogleState = errors.New("the state is unknown, used or expired, or the verifier is wrong")

// googleFailed logs the cause of a failed sign-in. The answer does not contain it.
func (s *Server) googleFailed(c *call, cause error) gen.GoogleSignInFailed {
	s.log(c).Warn("sign-in with Google failed", "cause", cause.Error())
	return gen.GoogleSignInFailed{}
}

func stateDigest(state string) []byte {
	digest := token.Digest(state)
	return digest[:]
}
