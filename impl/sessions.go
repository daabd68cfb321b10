package impl

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/sessioncache"
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

// tryPassword signs a user in if the password matches. It returns db.ErrPreconditionFailed if the user
// changed since the look-up.
func (s *Server) tryPassword(c *call, p *gen.SessionsCreateParams, app *db.Application) (gen.SessionsCreateResponseObject, error) {
	ctx := c.context()
	found, err := s.passwordAccount(c, formats.NormalizeEmail(p.Email))
	if err != nil {
		return nil, err
	}
	failed := found.failedCheck(app, c.now)
	if failed == gen.SignInStepStepThrottle {
		return s.refuseUnchecked(c, p, found.wait(c.now))
	}
	// An unknown address and a user without a password cost a hash too, so that the time does not reveal
	// them.
	hash := ""
	if found.User != nil {
		hash = found.User.PasswordHash
	}
	match, renewed, err := s.Passwords.Verify(ctx, c.network(), p.Password, hash)
	switch {
	case errors.Is(err, password.ErrBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	case !match:
		return s.refuseSignIn(c, found, failed)
	case failed == "" || failed == gen.SignInStepStepRecord:
		return s.signIn(c, found, app, p, renewed)
	}
	if wait, err := s.recheck(ctx, found, c.now); wait > 0 || err != nil {
		return c.rateLimited(wait), err
	}
	return refusalOf(failed), nil
}

// refuseUnchecked refuses an attempt over the limits. With opaque answers that takes a hash, as for a known
// network, whose password is checked although the limit of strangers is reached.
func (s *Server) refuseUnchecked(c *call, p *gen.SessionsCreateParams, wait time.Duration) (gen.SessionsCreateResponseObject, error) {
	if s.Settings.opaque() {
		_, _, err := s.Passwords.Verify(c.context(), c.network(), p.Password, "")
		switch {
		case errors.Is(err, password.ErrBusy):
			return s.busy(c), nil
		case err != nil:
			return nil, err
		}
	}
	return c.rateLimited(wait), nil
}

// refuseSignIn counts a failed attempt and returns its outcome. With opaque answers it does not reveal who
// has an account. Failed is the check that a right password would have failed.
func (s *Server) refuseSignIn(c *call, found *account, failed gen.SignInStepStep) (gen.SessionsCreateResponseObject, error) {
	within, err := s.count(c.context(), s.DB, found, c.now)
	switch {
	case err != nil:
		return nil, err
	case !within:
		return s.exhausted(c, found)
	case found.hidden > 0:
		return c.rateLimited(found.hidden), nil
	case s.Settings.opaque():
		return gen.InvalidPassword{}, nil
	case failed == gen.SignInStepStepUser || failed == gen.SignInStepStepPassword:
		return refusalOf(failed), nil
	}
	return gen.InvalidPassword{}, nil
}

// signIn saves the session of a user whose password matched. It returns db.ErrPreconditionFailed if the user
// was deleted or suspended, got another password, or had too many failed attempts since the look-up.
func (s *Server) signIn(c *call, found *account, app *db.Application, p *gen.SessionsCreateParams, renewed string) (
	gen.SessionsCreateResponseObject, error,
) {
	ctx, user := c.context(), found.User
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
	notice, err := s.saveSignIn(c, session, app, holds)
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

// saveSignIn saves a new session and, in the same transaction, the language of the page and the mail about the sign-in.
// There may be no mail: see addNotice. Most sign-ins save nothing but the session, which needs no transaction.
func (s *Server) saveSignIn(c *call, session *db.Session, app *db.Application, holds precondition) (notice *db.Mail, _ error) {
	notifies := app.SignInMail && accessOf(&session.User, app) != noRecord
	if !notifies && !s.changesLocale(c, &session.User) {
		return nil, s.insertSession(c.context(), s.DB, c, session, holds)
	}
	err := s.transaction(c, func(ctx context.Context, tx bun.Tx) error {
		err := s.insertSession(ctx, tx, c, session, holds)
		if err != nil || !notifies {
			return err
		}
		notice, err = s.addNotice(ctx, tx, c, mailer.SignIn, &session.User, app, s.Settings.MailPause)
		return err
	})
	return notice, err
}

// SessionsRead checks a session: the presented one or, with an application token, the one of session_token.
func (s *Server) SessionsRead(ctx context.Context, req gen.SessionsReadRequestObject) (gen.SessionsReadResponseObject, error) {
	c := callOf(ctx)
	if c.clientApp != nil {
		if refusal, err := s.admitToken(c, req.Body.SessionToken, gen.TokenParamSessionToken); refusal != nil || err != nil {
			return refusal, err
		}
	}
	return gen.SessionsReadActionSuccessful{Data: sessionView(req.Body.View, c.session, c.sessionApp, "")}, nil
}

var ownSessions = listing[db.Session]{
	sorts: map[string]sorting[db.Session]{
		"created_at":   {"?TableAlias.created_at", func(s *db.Session) any { return s.CreatedAt }},
		"last_used_at": {"?TableAlias.last_used_at", func(s *db.Session) any { return s.LastUsedAt }},
	},
	sort: "created_at",
	id:   func(s *db.Session) int64 { return s.ID },
}

// SessionsIndex lists the live sessions of the signed-in user in all applications.
func (s *Server) SessionsIndex(ctx context.Context, req gen.SessionsIndexRequestObject) (gen.SessionsIndexResponseObject, error) {
	c := callOf(ctx)
	data, refusal, err := s.listSessions(c, &c.session.User, req.Body.View)
	if refusal != nil || err != nil {
		return refusal, err
	}
	return gen.SessionsIndexActionSuccessful{Data: data}, nil
}

// listSessions lists the live sessions of a user, as the params of the call say.
func (s *Server) listSessions(c *call, user *db.User, view gen.View) (gen.SessionList, listRefusal, error) {
	found, refusal, err := list(s, c, &ownSessions, func(q *bun.SelectQuery) {
		q.Where("user_id = ?", user.ID).ApplyQueryBuilder(c.live(user, 0))
	})
	if refusal != nil || err != nil {
		return gen.SessionList{}, refusal, err
	}
	data := gen.SessionList{Results: []gen.Session{}, Next: found.next, Count: found.count, CountEstimated: found.estimated}
	for i := range found.rows {
		session := &found.rows[i]
		app := c.registry.appsByID[session.ApplicationID]
		if app == nil {
			continue // the application was deleted or created within the last second
		}
		session.User = *user
		data.Results = append(data.Results, sessionView(view, session, app, ""))
	}
	return data, nil, nil
}

// live selects the live sessions of a user: the SQL form of expiry. A last_used_at update may be pending for as
// long as pending, so a session that has been idle for that much longer still counts as live.
func (c *call) live(user *db.User, pending time.Duration) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("? OR created_at > ? AND last_used_at > ?",
			user.RememberMe, c.now.Add(-sessionLifetime), c.now.Add(-sessionIdleLimit-pending))
	}
}

var (
	noSession  = []gen.ParamError{paramError("id", gen.Exists, "the user has no such session")}
	idAndScope = []gen.ParamError{paramError("scope", gen.Allowed, "must not be passed along with id")}
)

// SessionsDelete ends sessions: the presented one, another one, all others, or all.
func (s *Server) SessionsDelete(ctx context.Context, req gen.SessionsDeleteRequestObject) (gen.SessionsDeleteResponseObject, error) {
	c, p := callOf(ctx), req.Body
	if p.ID != 0 && p.Scope != "" {
		return gen.InvalidParam{Errors: idAndScope}, nil
	}
	ended := s.DB.NewDelete().Model((*db.Session)(nil)).Where("user_id = ?", c.session.UserID)
	if p.Scope == gen.Others || p.Scope == gen.All {
		ended.With("handed_over", db.DeleteHandedOver(s.DB, c.session.UserID))
	}
	live := c.live(&c.session.User, sessioncache.TouchInterval)
	switch {
	case p.ID != 0 && p.ID != c.session.ID:
		ended.Where("id = ?", p.ID).ApplyQueryBuilder(live)
	case p.Scope == gen.Others:
		ended.Where("id <> ?", c.session.ID).ApplyQueryBuilder(live)
	case p.Scope == gen.All:
		ended.WhereGroup(" AND ", func(q *bun.DeleteQuery) *bun.DeleteQuery {
			return q.ApplyQueryBuilder(live).WhereOr("id = ?", c.session.ID)
		})
	default:
		ended.Where("id = ?", c.session.ID)
	}
	c.changed = append(c.changed, c.session.UserID)
	var count int64
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		done, err := ended.Conn(tx).Exec(ctx)
		if err != nil {
			return err
		}
		if count, err = done.RowsAffected(); err == nil && count == 0 && p.ID != 0 {
			return errGone
		}
		return err
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSession}, nil
	case err != nil:
		return nil, err
	}
	return gen.SessionsDeleteActionSuccessful{Data: gen.DeletedSessions{Count: count}}, nil
}
