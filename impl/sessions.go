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
	user, err := s.DB.UserByEmail(ctx, normalEmail(p.Email))
	if err != nil {
		return nil, err
	}
	// An unknown address and a user without a password cost a hash too, so that time tells nothing.
	hash := ""
	if user != nil {
		hash = user.PasswordHash
	}
	match, renewed, err := s.verify(ctx, p.Password, hash)
	switch {
	case errors.Is(err, errBusy):
		return gen.ServerBusy{}, nil
	case err != nil:
		return nil, err
	case user == nil:
		return gen.EmailNotFound{}, nil
	case !hasPassword(user):
		return gen.UserHasNoPassword{}, nil
	case !match:
		return gen.InvalidPassword{}, nil
	case standingOf(user, app) == roleless:
		return gen.UserRequiresRole{}, nil
	}
	return s.signIn(c, user, app, p, renewed)
}

// signIn makes the session of a user who has shown the right password.
func (s *Server) signIn(c *call, user *db.User, app *db.Application, p *gen.SessionsCreateParams, renewed string) (gen.SessionsCreateResponseObject, error) {
	ctx := c.req.Context()
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
		notice, err = s.insertSessionAndNotice(ctx, c, session, app)
	} else {
		err = insertSession(ctx, s.DB, session, c.session)
	}
	switch {
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
func (s *Server) insertSessionAndNotice(ctx context.Context, c *call, session *db.Session, app *db.Application) (*db.Mail, error) {
	notice, err := s.writeMail(c, "sign_in", &session.User, app, "")
	if err != nil {
		return nil, err
	}
	return notice, s.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := insertSession(ctx, tx, session, c.session); err != nil {
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

// insertSession saves a new session and, in the same statement, ends the one that was presented, if any.
func insertSession(ctx context.Context, idb bun.IDB, session, presented *db.Session) error {
	insert := idb.NewInsert().Model(session).Returning("id")
	if presented != nil {
		insert = insert.With("presented", idb.NewDelete().Model((*db.Session)(nil)).Where("id = ?", presented.ID))
	}
	_, err := insert.Exec(ctx)
	return err
}
