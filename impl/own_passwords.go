package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

// UsersPasswordUpdate sets or changes the password of the user of the presented session.
func (s *Server) UsersPasswordUpdate(ctx context.Context, req gen.UsersPasswordUpdateRequestObject) (gen.UsersPasswordUpdateResponseObject, error) {
	for range overtakings {
		outcome, err := s.tryPasswordUpdate(callOf(ctx), req.Body)
		if !errors.Is(err, errPasswordSet) {
			return outcome, err
		}
	}
	return nil, errPasswordSet
}

// tryPasswordUpdate is errPasswordSet when somebody else was quicker to set the password, or to renew its hash.
func (s *Server) tryPasswordUpdate(c *call, p *gen.UsersPasswordUpdateParams) (gen.UsersPasswordUpdateResponseObject, error) {
	ctx := c.req.Context()
	found, err := s.account(c, formats.NormalizeEmail(c.session.User.Email), s.passwordTries())
	if err != nil {
		return nil, err
	}
	user := found.User
	if user == nil || user.ID != c.session.UserID {
		return invalidToken, nil // deleted, or of another address, since the token was checked
	}
	switch {
	case hasPassword(user) && p.CurrentPassword == "":
		return gen.MissingParam{Errors: []gen.ParamError{paramError("current_password", gen.Required, "is required")}}, nil
	case !hasPassword(user):
		if wrong := c.judgeFirstPassword("password", user); p.CurrentPassword != "" || len(wrong) > 0 {
			if p.CurrentPassword != "" {
				wrong = append(wrong, paramError("current_password", gen.Allowed, "this user has no password"))
			}
			return gen.InvalidParam{Errors: wrong}, nil
		}
	default:
		if refusal, err := s.checkCurrentPassword(c, found, p.CurrentPassword); refusal != nil || err != nil {
			return refusal, err
		}
	}
	hash, broken, err := s.acceptPassword(ctx, "password", p.Password, wordsOf(user, c.app), nil)
	switch {
	case errors.Is(err, errBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	case len(broken) > 0:
		return gen.PasswordRejected{Errors: broken}, nil
	}
	err = s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		return s.setPassword(ctx, tx, c, user, hash)
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersPasswordUpdateActionSuccessful{Data: userView(p.View, user)}, nil
}

// checkCurrentPassword refuses a change by somebody who does not know the password.
func (s *Server) checkCurrentPassword(c *call, found *account, password string) (gen.UsersPasswordUpdateResponseObject, error) {
	ctx := c.req.Context()
	if wait := found.wait(c.now); wait > 0 {
		return c.rateLimited(wait), nil
	}
	match, _, err := s.verify(ctx, password, found.User.PasswordHash)
	switch {
	case errors.Is(err, errBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	case match:
		if wait, err := s.recheck(ctx, found, c.now); wait > 0 || err != nil {
			return c.rateLimited(wait), err
		}
		return nil, nil
	}
	within, err := found.count(ctx, s.DB, c.now)
	switch {
	case err != nil:
		return nil, err
	case !within:
		return s.exhausted(c, found)
	}
	return gen.InvalidPassword{}, nil
}

// wordsOf are the words that the user's password should not be made of.
func wordsOf(user *db.User, app *db.Application) []string {
	return ownWords(user.Email, user.FirstName, user.LastName, app.Slug, "planoauth")
}

// UsersPasswordResetRequest mails a link to a page that asks for a new password.
func (s *Server) UsersPasswordResetRequest(ctx context.Context, req gen.UsersPasswordResetRequestRequestObject) (gen.UsersPasswordResetRequestResponseObject, error) {
	p := req.Body
	sent, refusal, err := s.requestLink(callOf(ctx), db.ResetLink, p.Email, p.Application, p.RedirectURL)
	switch {
	case refusal != nil || err != nil:
		return refusal, err
	case !sent:
		return gen.UsersPasswordResetRequestMandrillEmailFailed{}, nil
	}
	return gen.UsersPasswordResetRequestActionSuccessful{}, nil
}

// UsersPasswordReset sets a password by a link.
func (s *Server) UsersPasswordReset(ctx context.Context, req gen.UsersPasswordResetRequestObject) (gen.UsersPasswordResetResponseObject, error) {
	c, p := callOf(ctx), req.Body
	link, user, app, err := s.judgeLink(ctx, c.registry, db.ResetLink, p.ResetToken)
	switch {
	case err != nil:
		return nil, err
	case link == nil:
		return gen.InvalidResetLink{}, nil
	case linkExpired(link, c.now):
		return gen.ResetLinkExpired{}, nil
	}
	hash, broken, err := s.acceptPassword(ctx, "password", p.Password, wordsOf(user, app), nil)
	switch {
	case errors.Is(err, errBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	case len(broken) > 0:
		return gen.PasswordRejected{Errors: broken}, nil
	}
	err = s.useResetLink(c, link, user, app, hash)
	switch {
	case errors.Is(err, db.ErrLinkConsumed) || errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidResetLink{}, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersPasswordResetActionSuccessful{}, nil
}

// useResetLink uses a link up, which proves the address, and ends all else that lets the user in.
func (s *Server) useResetLink(c *call, link *db.Link, user *db.User, app *db.Application, hash string) error {
	return s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := c.lockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := db.ConsumeLink(ctx, tx, link); err != nil {
			return err
		}
		if _, err := db.ClaimUser(ctx, tx, user, c.now); err != nil {
			return err
		}
		user.PasswordHash = hash
		if err := db.Update(ctx, tx, user, "password_hash"); err != nil {
			return err
		}
		if err := db.DeleteLinks(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := db.EndSessions(ctx, tx, user.ID, 0); err != nil {
			return err
		}
		return s.tell(ctx, tx, c, "password_set", user, app)
	})
}

// setPassword replaces the password that the user was read with, signs the user's other sessions out, and tells the user by
// mail. It is called by whileSignedIn, and is errPasswordSet when somebody was quicker.
func (s *Server) setPassword(ctx context.Context, tx bun.Tx, c *call, user *db.User, hash string) error {
	set, err := setPasswordHash(ctx, tx, user, hash)
	if err != nil {
		return err
	}
	if !set {
		return errPasswordSet
	}
	user.PasswordHash = hash
	if err := db.EndSessions(ctx, tx, user.ID, c.session.ID); err != nil {
		return err
	}
	return s.tell(ctx, tx, c, "password_set", user, c.app)
}
