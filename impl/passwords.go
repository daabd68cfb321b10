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
)

// UsersPasswordUpdate sets or changes the password of the user of the presented session.
func (s *Server) UsersPasswordUpdate(ctx context.Context, req gen.UsersPasswordUpdateRequestObject) (
	gen.UsersPasswordUpdateResponseObject, error,
) {
	for range optimisticRetries {
		outcome, err := s.tryPasswordUpdate(callOf(ctx), req.Body)
		if !errors.Is(err, errPasswordSet) {
			return outcome, err
		}
	}
	return nil, errPasswordSet
}

// tryPasswordUpdate returns errPasswordSet if another request has set the password, or renewed its hash,
// since it was read.
func (s *Server) tryPasswordUpdate(c *call, p *gen.UsersPasswordUpdateParams) (gen.UsersPasswordUpdateResponseObject, error) {
	found, err := s.passwordAccount(c, formats.NormalizeEmail(c.session.User.Email))
	if err != nil {
		return nil, err
	}
	user := found.User
	if user == nil || user.ID != c.session.UserID {
		return invalidToken, nil // deleted, or changed address, since the token was checked
	}
	wrong := c.checkFirstPassword("password", user)
	if refusal, err := s.checkCurrentPassword(c, found, p.CurrentPassword, wrong); refusal != nil || err != nil {
		return refusal, err
	}
	hash, refusal, err := s.hashNewPassword(c, p.Password, user, c.sessionApp)
	if refusal != nil || err != nil {
		return refusal, err
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

// currentPasswordRefusal is an outcome of all operations that ask for the current password.
type currentPasswordRefusal interface {
	gen.UsersPasswordUpdateResponseObject
	gen.UsersEmailChangeRequestResponseObject
	gen.UsersDeleteResponseObject
}

// checkCurrentPassword refuses a change without the current password. A user without a password must not send one; for
// such a user, wrong are the other reasons to refuse the change.
func (s *Server) checkCurrentPassword(c *call, found *account, current string, wrong []gen.ParamError) (currentPasswordRefusal, error) {
	switch {
	case found.User.HasPassword() && current == "":
		return gen.MissingParam{Errors: []gen.ParamError{paramError("current_password", gen.Required, "is required")}}, nil
	case found.User.HasPassword():
		return s.verifyCurrentPassword(c, found, current)
	}
	if current != "" {
		wrong = append(wrong, paramError("current_password", gen.Allowed, "this user has no password"))
	}
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	return nil, nil
}

// verifyCurrentPassword limits and counts wrong passwords like a sign-in.
func (s *Server) verifyCurrentPassword(c *call, found *account, current string) (currentPasswordRefusal, error) {
	ctx := c.context()
	if wait := found.wait(c.now); wait > 0 {
		return c.rateLimited(wait), nil
	}
	match, _, err := s.Passwords.Verify(ctx, c.network(), current, found.User.PasswordHash)
	switch {
	case errors.Is(err, password.ErrBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	case match:
		if wait, err := s.recheck(ctx, found, c.now); wait > 0 || err != nil {
			return c.rateLimited(wait), err
		}
		return nil, nil
	}
	within, err := s.count(ctx, s.DB, found, c.now)
	switch {
	case err != nil:
		return nil, err
	case !within:
		return s.exhausted(c, found)
	}
	return gen.InvalidPassword{}, nil
}

// UsersPasswordResetRequest mails a link to a page that asks for a new password.
func (s *Server) UsersPasswordResetRequest(ctx context.Context, req gen.UsersPasswordResetRequestRequestObject) (
	gen.UsersPasswordResetRequestResponseObject, error,
) {
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

// UsersPasswordReset sets a new password with a reset link or an invitation.
func (s *Server) UsersPasswordReset(ctx context.Context, req gen.UsersPasswordResetRequestObject) (
	gen.UsersPasswordResetResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	link, user, app, err := s.checkLink(c, c.registry, p.ResetToken, db.ResetLink, db.InvitationLink)
	c.concernsLink(user, app)
	switch {
	case err != nil:
		return nil, err
	case link == nil:
		return gen.InvalidResetLink{}, nil
	case linkExpired(link, user, c.now):
		return gen.ResetLinkExpired{}, nil
	}
	hash, refusal, err := s.hashNewPassword(c, p.Password, user, app)
	if refusal != nil || err != nil {
		return refusal, err
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

// useResetLink consumes a link and stores the new hash. That verifies the e-mail address and ends all other
// access: links, sessions and, at the first verification, a linked Google account.
func (s *Server) useResetLink(c *call, link *db.Link, user *db.User, app *db.Application, hash string) error {
	return s.change(c, func(ctx context.Context, tx bun.Tx) error {
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
		s.setPageLocale(c, user)
		if err := db.Update(ctx, tx, user, "password_hash", "locale"); err != nil {
			return err
		}
		if err := db.DeleteLinks(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := db.EndSessions(ctx, tx, user.ID, 0); err != nil {
			return err
		}
		return s.queueNotice(ctx, tx, c, mailer.PasswordSet, user, app)
	})
}

// setPassword stores a new hash, ends the user's other sessions and unused links, and queues a mail about it. Call it in
// whileSignedIn. It returns errPasswordSet if the stored hash has changed since the user was read.
func (s *Server) setPassword(ctx context.Context, tx bun.Tx, c *call, user *db.User, hash string) error {
	set, err := db.ReplacePasswordHash(ctx, tx, user, hash)
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
	if err := db.DeleteLinks(ctx, tx, user.ID); err != nil {
		return err
	}
	return s.queueNotice(ctx, tx, c, mailer.PasswordSet, user, c.sessionApp)
}

// passwordRefusal is an outcome of both operations that set a password.
type passwordRefusal interface {
	gen.UsersPasswordUpdateResponseObject
	gen.UsersPasswordResetResponseObject
}

// hashNewPassword hashes a user's new password, or refuses it if it breaks a rule of the policy.
func (s *Server) hashNewPassword(c *call, text string, user *db.User, app *db.Application) (hash string, _ passwordRefusal, _ error) {
	ownWords := password.OwnWords(user.Email, user.FirstName, user.LastName, app.Slug, "planoauth")
	hash, broken, err := s.acceptPassword(c, "password", text, ownWords, nil)
	switch {
	case errors.Is(err, password.ErrBusy):
		return "", s.busy(c), nil
	case err != nil:
		return "", nil, err
	case len(broken) > 0:
		return "", gen.PasswordRejected{Errors: broken}, nil
	}
	return hash, nil, nil
}

// acceptPassword checks a new password, if there is one, and appends a rule that it breaks to broken. It
// hashes the password only if broken stays empty.
func (s *Server) acceptPassword(c *call, param, text string, ownWords []string, broken []gen.ParamError) (
	hash string, _ []gen.ParamError, _ error,
) {
	if text == "" {
		return "", broken, nil
	}
	hash, violation, err := s.Passwords.HashNew(c.context(), c.network(), text, ownWords, len(broken) > 0)
	if violation != nil {
		broken = append(broken, paramError(param, violation.Rule, violation.Message))
	}
	return hash, broken, err
}

// errPasswordSet means that the user got a password after it was seen that there was none.
var errPasswordSet = errors.New("the user has a password by now")

func hasPasswordError(param string) []gen.ParamError {
	return []gen.ParamError{paramError(param, gen.Allowed, "this user has a password already")}
}

// checkFirstPassword says why this user may not set a first password.
func (c *call) checkFirstPassword(param string, user *db.User) []gen.ParamError {
	if user.HasPassword() {
		return hasPasswordError(param)
	}
	return c.checkRecentSignIn(param, "a first password needs a session younger than 15 minutes")
}

// checkRecentSignIn says that the session is too old for a change, with a message for its param.
func (c *call) checkRecentSignIn(param, message string) []gen.ParamError {
	if c.now.Sub(c.session.CreatedAt) < recentSignIn {
		return nil
	}
	return []gen.ParamError{paramError(param, gen.RecentSignIn, message)}
}
