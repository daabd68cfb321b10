package impl

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/token"
)

// newSession makes a session from this request, not yet saved, and its token.
func (c *call) newSession(user *db.User, app *db.Application, method gen.SignInMethod, redirectURL string) (*db.Session, string) {
	text, digest := token.New(token.Session)
	return &db.Session{
		UserID: user.ID, ApplicationID: app.ID, TokenDigest: digest[:], Method: string(method), RedirectURL: redirectURL,
		IP: c.ip, UserAgent: userAgent(c.req), CreatedAt: c.now, LastUsedAt: c.now, User: *user,
	}, text
}

// precondition is what a sign-in has verified, and what must still be true when its session is created: a
// session cannot be created beside a change that ends all others.
type precondition struct {
	passwordHash, googleSubject string   // of the user; "" if the sign-in does not depend on it
	attempts                    *account // whose limit must not be reached; nil if nothing was guessed
}

// insertSession saves a new session with the audit event of the call and the language of the page, in place of the
// presented session if there is one. If the language changes, idb must be a transaction: see changesLocale. It returns
// db.ErrPreconditionFailed if the precondition no longer holds.
func (s *Server) insertSession(ctx context.Context, idb bun.IDB, c *call, session *db.Session, holds precondition) error {
	n := db.NewSession{
		Session: session, Network: c.network(), KnownSince: c.now.Add(-knownAddressRenewal),
		PasswordHash: holds.passwordHash, GoogleSubject: holds.googleSubject, Event: c.signInEvent(session),
	}
	if c.session != nil {
		n.Replaces = c.session.ID
		c.changed = append(c.changed, c.session.UserID)
	}
	if found := holds.attempts; found != nil && found.limit.Enabled() {
		n.AttemptsKey, n.AttemptsBy, n.AttemptsSince = found.key[:], found.by, c.now.Add(-ratelimit.PasswordWindow)
		n.OwnAttempts, n.AllAttempts = found.limit.Most(found.apart)
	}
	s.madeUpSessions.Made(session.TokenDigest)
	if err := db.CreateSession(ctx, idb, n); err != nil {
		return err
	}
	c.concernsSession(session)
	c.audited = true
	return s.savePageLocale(ctx, idb, c, &session.User)
}

// signInEvent is the audit event of a call that makes a session. CreateSession knows the rest.
func (c *call) signInEvent(session *db.Session) db.AuditEvent {
	event := db.AuditEvent{Operation: c.operation(), Status: successful, RequestID: c.id, Changed: c.changedParams()}
	if session.User.Records.None() {
		event.Status = gen.SessionsCreateClientRequired{}.Slug()
	}
	if app := c.registry.appsByID[session.ApplicationID]; app != nil {
		event.Application = app.Slug
	}
	if c.clientApp != nil {
		event.ActorApplication = c.clientApp.Slug
	}
	return event
}

// signedIn builds the parts of an answer to a sign-in: the new session as data, and the keys session and
// application where their views were passed. A user without a record always gets the key session.
func signedIn(session *db.Session, app *db.Application, token string, view, sessionShown, applicationShown gen.View) (
	data, shown gen.Session, application gen.Application,
) {
	data = sessionView(view, session, app, token)
	shown = optionalSession(sessionShown, session, app, token)
	if sessionShown == "" && session.User.Records.None() {
		shown = data
	}
	return data, shown, optionalApplication(applicationShown, app)
}
