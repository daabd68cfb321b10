package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/personal"
)

// UsersExport returns everything that is stored about the signed-in user.
func (s *Server) UsersExport(ctx context.Context, _ gen.UsersExportRequestObject) (gen.UsersExportResponseObject, error) {
	c := callOf(ctx)
	if wrong := c.checkRecentSignIn("token", "must be that of a session younger than 15 minutes"); len(wrong) > 0 {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	data, found, err := personal.Export(c.context(), s.DB, c.session.UserID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return invalidToken, nil // deleted since the token was checked
	}
	return gen.UsersExportActionSuccessful{Data: data}, nil
}

// UsersDelete deletes the signed-in user, and tells them by a mail.
func (s *Server) UsersDelete(ctx context.Context, req gen.UsersDeleteRequestObject) (gen.UsersDeleteResponseObject, error) {
	c := callOf(ctx)
	found, err := s.passwordAccount(c, formats.NormalizeEmail(c.session.User.Email))
	if err != nil {
		return nil, err
	}
	user := found.User
	if user == nil || user.ID != c.session.UserID {
		return invalidToken, nil // deleted, or changed address, since the token was checked
	}
	wrong := c.checkRecentSignIn("current_password", "is replaced by a session younger than 15 minutes where there is no password")
	if refusal, err := s.checkCurrentPassword(c, found, req.Body.CurrentPassword, wrong); refusal != nil || err != nil {
		return refusal, err
	}
	err = s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		if err := keepLastAdmin(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := personal.Delete(ctx, tx, user.ID, personal.Oneself); err != nil {
			return err
		}
		c.forgotten = true
		return s.queueDeletionNotice(ctx, tx, c, user)
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, errLastAdmin):
		return lastAdminError("token"), nil
	case err != nil:
		return nil, err
	}
	return gen.UsersDeleteActionSuccessful{}, nil
}

// queueDeletionNotice queues the mail that tells a user of the deletion, unless the address is not verified. The mail
// belongs to no user, and finishMail deletes it.
func (s *Server) queueDeletionNotice(ctx context.Context, tx bun.Tx, c *call, user *db.User) error {
	if user.EmailVerifiedAt.IsZero() {
		return nil // it may be the address of somebody who knows nothing of the account
	}
	m, err := s.mails.Write(mailer.AccountDeleted, user, c.sessionApp, c.mailFacts(""))
	if err != nil {
		return err
	}
	m.UserID = 0
	return s.queueMail(ctx, tx, m, 0)
}

// PeopleExport returns everything that is stored about a user.
func (s *Server) PeopleExport(ctx context.Context, _ gen.PeopleExportRequestObject) (gen.PeopleExportResponseObject, error) {
	c := callOf(ctx)
	data, found, err := personal.Export(c.context(), s.DB, c.about.ID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return gen.InvalidParam{Errors: noPerson}, nil
	}
	return gen.PeopleExportActionSuccessful{Data: data}, nil
}

var otherEmail = []gen.ParamError{paramError("email", gen.Allowed, "is not the address of this person")}

// PeopleDelete deletes a user.
func (s *Server) PeopleDelete(ctx context.Context, req gen.PeopleDeleteRequestObject) (gen.PeopleDeleteResponseObject, error) {
	c := callOf(ctx)
	if formats.NormalizeEmail(req.Body.Email) != formats.NormalizeEmail(c.about.Email) {
		return gen.InvalidParam{Errors: otherEmail}, nil
	}
	err := s.aboutPerson(c, func(ctx context.Context, tx bun.Tx) error {
		if err := keepLastAdmin(ctx, tx, c.about.ID); err != nil {
			return err
		}
		return personal.Delete(ctx, tx, c.about.ID, personal.Operators)
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noPerson}, nil
	case errors.Is(err, errLastAdmin):
		return lastAdminError("id"), nil
	case err != nil:
		return nil, err
	}
	return gen.PeopleDeleteActionSuccessful{}, nil
}
