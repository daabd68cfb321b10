package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// SessionsCreate signs a user in with a password.
func (s *Server) SessionsCreate(ctx context.Context, req gen.SessionsCreateRequestObject) (gen.SessionsCreateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	app, wrong := c.application(p.Application, p.RedirectURL)
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	found, err := s.account(c, normalEmail(p.Email), s.passwordTries())
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
	match, renewed, err := s.verify(ctx, p.Password, hash)
	switch {
	case errors.Is(err, errBusy):
		return gen.ServerBusy{}, nil
	case err != nil:
		return nil, err
	case !match:
		return s.refuseSignIn(c, found)
	case standingOf(found.User, app) == roleless:
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

// opaque tells whether answers must not tell strangers who has an account.
func (s *Server) opaque() bool { return s.Settings.Disclosure == "opaque" }

// signIn makes the session of a user who has shown the right password.
func (s *Server) signIn(c *call, found *account, app *db.Application, p *gen.SessionsCreateParams, renewed string) (gen.SessionsCreateResponseObject, error) {
	ctx, user := c.req.Context(), found.User
	session, token := c.newSession(user, app, gen.SignInMethodPassword, p.RedirectURL)
	recordless := standingOf(user, app) == recordless
	if renewed != "" {
		if _, err := setPasswordHash(ctx, s.DB, user, renewed); err != nil {
			return nil, err
		}
	}
	var notice *db.Mail
	var err error
	if app.SignInMail && !recordless {
		notice, err = s.insertSessionAndNotice(c, session, app, found)
	} else {
		err = c.insertSession(ctx, s.DB, session, found)
	}
	switch {
	case errors.Is(err, errExhausted):
		return s.exhausted(c, found)
	case violates(err, "sessions_user_id_fkey"):
		return gen.EmailNotFound{}, nil
	case violates(err, "sessions_application_id_fkey"):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	data := sessionView(p.View, session, app, token)
	shown := optionalSession(p.SessionView, session, app, token)
	application := optionalApplication(p.ApplicationView, app)
	if recordless {
		if p.SessionView == "" {
			shown = data
		}
		return gen.SessionsCreateClientRequired{Data: data, Session: shown, Application: application}, nil
	}
	if notice != nil && !s.deliver(c, notice) {
		return gen.SessionsCreateMandrillEmailFailed{Data: data, Session: shown, Application: application}, nil
	}
	return gen.SessionsCreateActionSuccessful{Data: data, Session: shown, Application: application}, nil
}

// insertSessionAndNotice saves a new session together with the mail that tells of it.
func (s *Server) insertSessionAndNotice(c *call, session *db.Session, app *db.Application, found *account) (*db.Mail, error) {
	notice, err := s.writeMail(c, "sign_in", &session.User, app, "")
	if err != nil {
		return nil, err
	}
	return notice, s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if err := c.insertSession(ctx, tx, session, found); err != nil {
			return err
		}
		return s.queueMail(ctx, tx, notice, s.Settings.MailPause)
	})
}

// SessionsRead says whose the presented session is.
func (s *Server) SessionsRead(ctx context.Context, req gen.SessionsReadRequestObject) (gen.SessionsReadResponseObject, error) {
	c := callOf(ctx)
	return gen.SessionsReadActionSuccessful{Data: sessionView(req.Body.View, c.session, c.app, "")}, nil
}

// SessionsDelete signs the presented session out.
func (s *Server) SessionsDelete(ctx context.Context, _ gen.SessionsDeleteRequestObject) (gen.SessionsDeleteResponseObject, error) {
	done, err := s.DB.Pool.Exec(ctx, "DELETE FROM sessions WHERE id = $1", callOf(ctx).session.ID)
	if err != nil {
		return nil, err
	}
	return gen.SessionsDeleteActionSuccessful{Data: gen.DeletedSessions{Count: int(done.RowsAffected())}}, nil
}

// newSession makes a session of this call, not yet saved, and its token.
func (c *call) newSession(user *db.User, app *db.Application, method gen.SignInMethod, redirectURL string) (*db.Session, string) {
	token, digest := newToken(sessionPrefix)
	return &db.Session{
		UserID: user.ID, ApplicationID: app.ID, TokenDigest: digest, Method: string(method), RedirectURL: redirectURL,
		IP: c.ip, UserAgent: userAgent(c.req), CreatedAt: c.now, LastUsedAt: c.now, User: *user,
	}, token
}

// errExhausted means that the bounds of the mailbox were reached before its session was made.
var errExhausted = errors.New("the tries are exhausted")

// insertSession saves a new session. In the same statement it ends the one that was presented, if any, and notes that the user
// is known at this address. The mailbox, if there is one, must not have been tried too often meanwhile, else it is errExhausted:
// a password that was guessed among too many others must not tell itself.
func (c *call) insertSession(ctx context.Context, idb bun.IDB, session *db.Session, found *account) error {
	var presented int64
	if c.session != nil {
		presented = c.session.ID
	}
	var key []byte
	tried := bound{most: 1}
	if found != nil && len(found.list) > 0 {
		key, tried = found.Key, found.list[0]
	}
	var ids []int64
	err := idb.NewRaw(`
WITH made AS (
	INSERT INTO sessions (user_id, application_id, token_digest, method, redirect_url, ip, user_agent, created_at, last_used_at)
	SELECT ?0, ?1, ?2, ?3, ?4, ?5, ?6, ?7::timestamptz, ?7::timestamptz
	WHERE (SELECT count(*) FROM tries, unnest(times) AS x WHERE key = ?8 AND x > ?9) < ?10
	RETURNING id, user_id
), ended AS (DELETE FROM sessions USING made WHERE sessions.id = ?11),
known AS (
	INSERT INTO known_addresses AS k (user_id, address, signed_in_at)
	SELECT made.user_id, ?12, ?7::timestamptz FROM made
	WHERE NOT EXISTS (SELECT FROM known_addresses WHERE user_id = ?0 AND address = ?12 AND signed_in_at > ?13)
	ON CONFLICT (user_id, address) DO UPDATE SET signed_in_at = greatest(k.signed_in_at, excluded.signed_in_at)
)
SELECT id FROM made`,
		session.UserID, session.ApplicationID, session.TokenDigest, session.Method, session.RedirectURL, session.IP, session.UserAgent, c.now,
		key, c.now.Add(-tried.within), tried.most, presented, c.network(), c.now.Add(-knownRenewed)).Scan(ctx, &ids)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return errExhausted
	}
	session.ID = ids[0]
	return nil
}
