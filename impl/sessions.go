package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/token"
)

// SessionsCreate signs a user in with a password.
func (s *Server) SessionsCreate(ctx context.Context, req gen.SessionsCreateRequestObject) (gen.SessionsCreateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	app, wrong := c.application(p.Application, p.RedirectURL)
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	for range optimisticRetries {
		outcome, err := s.tryPassword(c, p, app)
		if !errors.Is(err, db.ErrPreconditionFailed) {
			return outcome, err
		}
	}
	return nil, db.ErrPreconditionFailed
}

// optimisticRetries is how often a request is tried if its user changes between look-up and update: another request may have
// renewed the hash of the password, or set another password.
const optimisticRetries = 5

// tryPassword signs a user in if the password is right. It is db.ErrPreconditionFailed when the user changed meanwhile.
func (s *Server) tryPassword(c *call, p *gen.SessionsCreateParams, app *db.Application) (gen.SessionsCreateResponseObject, error) {
	ctx := c.req.Context()
	found, err := s.account(c, formats.NormalizeEmail(p.Email), s.passwordLimit)
	if err != nil {
		return nil, err
	}
	if wait := found.wait(c.now); wait > 0 {
		return c.rateLimited(wait), nil
	}
	// An unknown address and a user without a password cost a hash too, so that time tells nothing.
	hash := ""
	if found.User != nil {
		hash = found.User.PasswordHash
	}
	match, renewed, err := s.passwords.Verify(ctx, p.Password, hash)
	switch {
	case errors.Is(err, password.ErrBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	case !match:
		return s.refuseSignIn(c, found)
	case accessOf(found.User, app) == noRole:
		if wait, err := s.recheck(ctx, found, c.now); wait > 0 || err != nil {
			return c.rateLimited(wait), err
		}
		return gen.UserRequiresRole{}, nil
	}
	return s.signIn(c, found, app, p, renewed)
}

// refuseSignIn counts a password that did not match, and says why, as far as strangers may know.
func (s *Server) refuseSignIn(c *call, found *account) (gen.SessionsCreateResponseObject, error) {
	within, err := found.count(c.req.Context(), s.DB, c.now)
	switch {
	case err != nil:
		return nil, err
	case !within:
		return s.exhausted(c, found)
	case s.opaque():
		return gen.InvalidPassword{}, nil
	case found.User == nil:
		return gen.EmailNotFound{}, nil
	case !hasPassword(found.User):
		return gen.UserHasNoPassword{}, nil
	}
	return gen.InvalidPassword{}, nil
}

// signIn makes the session of a user who has shown the right password. It is db.ErrPreconditionFailed when the user has been deleted, has got
// another password or was tried too often meanwhile.
func (s *Server) signIn(c *call, found *account, app *db.Application, p *gen.SessionsCreateParams, renewed string) (gen.SessionsCreateResponseObject, error) {
	ctx, user := c.req.Context(), found.User
	session, token := c.newSession(user, app, gen.SignInMethodPassword, p.RedirectURL)
	withoutRecord := accessOf(user, app) == noRecord
	holds := precondition{passwordHash: user.PasswordHash, attempts: found}
	if renewed != "" {
		set, err := db.ReplacePasswordHash(ctx, s.DB, user, renewed)
		if err != nil {
			return nil, err
		}
		if set {
			holds.passwordHash = renewed
		}
	}
	var notice *db.Mail
	var err error
	if app.SignInMail && !withoutRecord {
		notice, err = s.insertSessionAndNotice(c, session, app, holds)
	} else {
		err = c.insertSession(ctx, s.DB, session, holds)
	}
	switch {
	case db.Violates(err, db.SessionsApplicationIDFkey):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	data, shown, application := signedIn(session, app, token, p.View, p.SessionView, p.ApplicationView)
	if withoutRecord {
		return gen.SessionsCreateClientRequired{Data: data, Session: shown, Application: application}, nil
	}
	if notice != nil && !s.deliver(c, notice) {
		return gen.SessionsCreateMandrillEmailFailed{Data: data, Session: shown, Application: application}, nil
	}
	return gen.SessionsCreateActionSuccessful{Data: data, Session: shown, Application: application}, nil
}

// insertSessionAndNotice saves a new session together with the mail that tells of it.
func (s *Server) insertSessionAndNotice(c *call, session *db.Session, app *db.Application, holds precondition) (*db.Mail, error) {
	notice, err := s.mails.Write(mailer.SignIn, &session.User, app, c.mailFacts(""))
	if err != nil {
		return nil, err
	}
	return notice, s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if err := c.insertSession(ctx, tx, session, holds); err != nil {
			return err
		}
		return s.queueMail(ctx, tx, notice, s.Settings.MailPause)
	})
}

// SessionsRead says whose a session is: the presented one, or where an application presents itself, that of session_token.
func (s *Server) SessionsRead(ctx context.Context, req gen.SessionsReadRequestObject) (gen.SessionsReadResponseObject, error) {
	c := callOf(ctx)
	if c.caller != nil {
		if refusal, err := s.admitToken(c, req.Body.SessionToken, gen.TokenParamSessionToken); refusal != nil || err != nil {
			return refusal, err
		}
	}
	return gen.SessionsReadActionSuccessful{Data: sessionView(req.Body.View, c.session, c.app, "")}, nil
}

// newSession makes a session of this call, not yet saved, and its token.
func (c *call) newSession(user *db.User, app *db.Application, method gen.SignInMethod, redirectURL string) (*db.Session, string) {
	text, digest := token.New(token.Session)
	return &db.Session{
		UserID: user.ID, ApplicationID: app.ID, TokenDigest: digest[:], Method: string(method), RedirectURL: redirectURL,
		IP: c.ip, UserAgent: userAgent(c.req), CreatedAt: c.now, LastUsedAt: c.now, User: *user,
	}, text
}

// precondition is what a sign-in has verified, and what must still be true when its session is created: a session cannot be
// created beside a change that ends all others.
type precondition struct {
	passwordHash, googleSubject string   // of the user; "" if the sign-in does not depend on it
	attempts                    *account // whose limit must not be reached; nil if nothing was guessed
}

// insertSession saves a new session, in place of the presented one if there is one. It returns db.ErrPreconditionFailed if the
// precondition no longer holds.
func (c *call) insertSession(ctx context.Context, idb bun.IDB, session *db.Session, holds precondition) error {
	n := db.NewSession{
		Session: session, Network: ratelimit.Network(c.ip), KnownSince: c.now.Add(-knownAddressRenewal),
		PasswordHash: holds.passwordHash, GoogleSubject: holds.googleSubject,
	}
	if c.session != nil {
		n.Replaces = c.session.ID
		c.changed = append(c.changed, c.session.UserID)
	}
	if found := holds.attempts; found != nil && found.limit.Enabled() {
		n.AttemptsKey, n.Limit = found.Key, found.limit.Shorter()
	}
	return db.CreateSession(ctx, idb, n)
}

// lockUser is db.LockUser for a change that concerns the sessions of the user.
func (c *call) lockUser(ctx context.Context, tx bun.Tx, id int64) (passwordHash string, _ error) {
	c.changed = append(c.changed, id)
	return db.LockUser(ctx, tx, id)
}

// errSignedOut means that the session has ended since its token was checked.
var errSignedOut = errors.New("the session was signed out")

// whileSignedIn changes what is the user's own, in a transaction that has locked the user: a session that has ended since its
// token was checked changes nothing, and is errSignedOut.
func (s *Server) whileSignedIn(c *call, change func(ctx context.Context, tx bun.Tx) error) error {
	return s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := c.lockUser(ctx, tx, c.session.UserID); errors.Is(err, db.ErrPreconditionFailed) {
			return errSignedOut
		} else if err != nil {
			return err
		}
		exists, err := db.SessionExists(ctx, tx, c.session.ID)
		if err != nil {
			return err
		}
		if !exists {
			return errSignedOut
		}
		return change(ctx, tx)
	})
}
