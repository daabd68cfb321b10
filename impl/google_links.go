package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
)

// UsersGoogleLink links the signed-in user to the Google account that a code is for.
func (s *Server) UsersGoogleLink(ctx context.Context, req gen.UsersGoogleLinkRequestObject) (gen.UsersGoogleLinkResponseObject, error) {
	c, p := callOf(ctx), req.Body
	completed, failed, err := s.completeGoogle(c, p.Code, p.State, p.Verifier)
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		return s.googleFailed(c, failed), nil
	}
	account := completed.account
	if account.Email == "" || !account.EmailVerified {
		return gen.GoogleEmailUnverified{}, nil
	}
	holder, err := s.DB.UserByEmail(c.context(), account.Email)
	if err != nil {
		return nil, err
	}
	if holder != nil && holder.ID != c.session.UserID {
		return gen.GoogleAccountConflict{}, nil // else its owner would sign in as this user
	}
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	switch {
	case err != nil:
		return nil, err
	case user == nil:
		return invalidToken, nil // deleted since the token was checked
	case user.GoogleSubject == account.Subject:
		return gen.UsersGoogleLinkActionSuccessful{Data: userView(p.View, user)}, nil
	}
	err = s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		linked, err := db.SetGoogle(ctx, tx, user, account.Subject)
		if err == nil && !linked {
			err = db.ErrAlreadyExists
		}
		if err != nil {
			return err
		}
		return s.queueNotice(ctx, tx, c, mailer.GoogleLinked, user, c.sessionApp)
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, db.ErrAlreadyExists) || db.Violates(err, db.UsersGoogleSubjectKey):
		return gen.GoogleAccountConflict{}, nil
	case err != nil:
		return nil, err
	}
	user.GoogleSubject = account.Subject
	return gen.UsersGoogleLinkActionSuccessful{Data: userView(p.View, user)}, nil
}

var nothingLeft = []gen.ParamError{
	paramError("token", gen.Required, "is of a user who has no password: one is required before Google can be unlinked"),
}

// UsersGoogleUnlink unlinks the Google account of the signed-in user.
func (s *Server) UsersGoogleUnlink(ctx context.Context, req gen.UsersGoogleUnlinkRequestObject) (
	gen.UsersGoogleUnlinkResponseObject, error,
) {
	c := callOf(ctx)
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	switch {
	case err != nil:
		return nil, err
	case user == nil:
		return invalidToken, nil // deleted since the token was checked
	}
	err = s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		unlinked, err := db.SetGoogle(ctx, tx, user, "")
		if err == nil && !unlinked {
			err = db.ErrPreconditionFailed
		}
		return err
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidParam{Errors: nothingLeft}, nil
	case err != nil:
		return nil, err
	}
	user.GoogleSubject = ""
	return gen.UsersGoogleUnlinkActionSuccessful{Data: userView(req.Body.View, user)}, nil
}
