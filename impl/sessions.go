package impl

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
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
		if !errors.Is(err, errNoProof) {
			return outcome, err
		}
	}
	return nil, errNoProof
}

// optimisticRetries is how often a request is tried if its user changes between look-up and update: another request may have
// renewed the hash of the password, or set another password.
const optimisticRetries = 5

// tryPassword signs a user in if the password is right. It is errNoProof when the user changed meanwhile.
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

// signIn makes the session of a user who has shown the right password. It is errNoProof when the user has been deleted, has got
// another password or was tried too often meanwhile.
func (s *Server) signIn(c *call, found *account, app *db.Application, p *gen.SessionsCreateParams, renewed string) (gen.SessionsCreateResponseObject, error) {
	ctx, user := c.req.Context(), found.User
	session, token := c.newSession(user, app, gen.SignInMethodPassword, p.RedirectURL)
	withoutRecord := accessOf(user, app) == noRecord
	by := proof{passwordHash: user.PasswordHash, tries: found}
	if renewed != "" {
		set, err := db.ReplacePasswordHash(ctx, s.DB, user, renewed)
		if err != nil {
			return nil, err
		}
		if set {
			by.passwordHash = renewed
		}
	}
	var notice *db.Mail
	var err error
	if app.SignInMail && !withoutRecord {
		notice, err = s.insertSessionAndNotice(c, session, app, by)
	} else {
		err = c.insertSession(ctx, s.DB.DB.DB, session, by)
	}
	switch {
	case violates(err, "sessions_application_id_fkey"):
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
func (s *Server) insertSessionAndNotice(c *call, session *db.Session, app *db.Application, by proof) (*db.Mail, error) {
	notice, err := s.writeMail("sign_in", &session.User, app, c.facts(""))
	if err != nil {
		return nil, err
	}
	return notice, s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if err := c.insertSession(ctx, tx.Tx, session, by); err != nil {
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

// proof is what a sign-in rests on: the session is made only if that still holds, so that one cannot slip in beside a change
// which ends all others.
type proof struct {
	passwordHash, googleSubject string   // of the user; "" when it is neither here nor there
	tries                       *account // whose bounds must not have been reached; nil when nothing was guessed
}

// errNoProof means that what the sign-in rested on holds no longer.
var errNoProof = errors.New("the user has changed, or was tried too often, since the proof was seen")

// insertSession saves a new session. In the same statement it ends the one that was presented, if any, and notes that the user
// is known at this address. It is errNoProof when the proof holds no longer: a password that was guessed among too many others
// must not tell itself. The statement is prepared, since planning it takes longer than all else of a sign-in but the hash.
func (c *call) insertSession(ctx context.Context, conn bun.IConn, session *db.Session, by proof) error {
	var presented int64
	if c.session != nil {
		presented = c.session.ID
		c.changed = append(c.changed, c.session.UserID)
	}
	var key []byte
	tried := db.Limit{Attempts: 1}
	if by.tries != nil && by.tries.limit.Enabled() {
		key, tried = by.tries.Key, by.tries.limit.Shorter()
	}
	err := conn.QueryRowContext(ctx, `
WITH made AS (
	INSERT INTO sessions (user_id, application_id, token_digest, method, redirect_url, ip, user_agent, created_at, last_used_at)
	SELECT u.id, $2, $3, $4, $5, $6, $7, $8::timestamptz, $8::timestamptz FROM users u
	WHERE u.id = $1 AND $15 IN ('', u.password_hash) AND $16 IN ('', u.google_subject)
	AND (SELECT count(*) FROM tries, unnest(times) AS x WHERE key = $9 AND x > $10) < $11
	FOR KEY SHARE OF u
	RETURNING id, user_id
), ended AS (DELETE FROM sessions USING made WHERE sessions.id = $12),
known AS (
	INSERT INTO known_addresses AS k (user_id, address, signed_in_at)
	SELECT made.user_id, $13, $8::timestamptz FROM made
	WHERE NOT EXISTS (SELECT FROM known_addresses WHERE user_id = $1 AND address = $13 AND signed_in_at > $14)
	ON CONFLICT (user_id, address) DO UPDATE SET signed_in_at = greatest(k.signed_in_at, excluded.signed_in_at)
)
SELECT id FROM made`, pgx.QueryExecModeCacheStatement,
		session.UserID, session.ApplicationID, session.TokenDigest, session.Method, session.RedirectURL, session.IP, session.UserAgent, c.now,
		key, c.now.Add(-tried.Within), tried.Attempts, presented, ratelimit.Network(c.ip), c.now.Add(-knownAddressRenewal), by.passwordHash, by.googleSubject).Scan(&session.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoProof
	}
	return err
}

// lockUser keeps sessions from being made for a user, until the transaction ends, by what it changes. It returns the hash of the
// password as it is then, and is errNoProof when there is no such user any more.
func (c *call) lockUser(ctx context.Context, tx bun.Tx, id int64) (passwordHash string, _ error) {
	c.changed = append(c.changed, id)
	err := tx.NewRaw("SELECT coalesce(password_hash, '') FROM users WHERE id = ? FOR UPDATE", id).Scan(ctx, &passwordHash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errNoProof
	}
	return passwordHash, err
}

// errSignedOut means that the session has ended since its token was checked.
var errSignedOut = errors.New("the session was signed out")

// whileSignedIn changes what is the user's own, in a transaction that has locked the user: a session that has ended since its
// token was checked changes nothing, and is errSignedOut.
func (s *Server) whileSignedIn(c *call, change func(ctx context.Context, tx bun.Tx) error) error {
	return s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := c.lockUser(ctx, tx, c.session.UserID); errors.Is(err, errNoProof) {
			return errSignedOut
		} else if err != nil {
			return err
		}
		here, err := tx.NewSelect().Model((*db.Session)(nil)).Where("id = ?", c.session.ID).Exists(ctx)
		if err != nil {
			return err
		}
		if !here {
			return errSignedOut
		}
		return change(ctx, tx)
	})
}
