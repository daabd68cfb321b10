package impl

import (
	"context"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

var errGoogleRaced = errors.New("the users kept changing meanwhile")

// signInWithGoogle makes a session for the user of a Google account; a user who is not known yet is made, and one who is not
// linked yet is linked.
func (s *Server) signInWithGoogle(c *call, account *googleAccount, app *db.Application, redirectURL string, p *gen.SessionsGoogleCreateParams) (gen.SessionsGoogleCreateResponseObject, error) {
	for range optimisticRetries {
		user, refusal, err := s.googleUser(c, account)
		if refusal != nil || err != nil {
			return refusal, err
		}
		if accessOf(user, app) == noRole {
			return gen.UserRequiresRole{}, nil
		}
		session, token, err := s.saveGoogleSignIn(c, account, user, app, redirectURL)
		switch {
		case raced(err):
			continue
		case db.Violates(err, db.SessionsApplicationIDFkey):
			return s.googleFailed(c, errGoogleState), nil
		case err != nil:
			return nil, err
		}
		data, shown, application := signedIn(session, app, token, p.View, p.SessionView, p.ApplicationView)
		if accessOf(user, app) == admitted {
			return gen.SessionsGoogleCreateActionSuccessful{Data: data, Session: shown, Application: application}, nil
		}
		return gen.SessionsGoogleCreateClientRequired{Data: data, Session: shown, Application: application}, nil
	}
	return s.googleFailed(c, errGoogleRaced), nil
}

// googleUser finds the user of a Google account: the one who is linked to it, whatever Google says of the address by now, or
// else the one who has the address and may be linked, or else a new one.
func (s *Server) googleUser(c *call, account *googleAccount) (*db.User, gen.SessionsGoogleCreateResponseObject, error) {
	ctx := c.req.Context()
	user, err := s.DB.UserByGoogleSubject(ctx, account.Subject)
	if user != nil || err != nil {
		return user, nil, err
	}
	if account.Email == "" || !account.EmailVerified {
		return nil, gen.GoogleEmailUnverified{}, nil
	}
	user, err = s.DB.UserByEmail(ctx, account.Email)
	switch {
	case err != nil:
		return nil, nil, err
	case user == nil:
		return s.newGoogleUser(c, account), nil, nil
	case user.GoogleSubject != account.Subject && !account.mayLink(user): // it may have been linked this moment
		return nil, gen.GoogleAccountConflict{}, nil
	}
	return user, nil, nil
}

// authoritative tells of a verified address whether Google itself runs the mailbox. Of other addresses it only knows that a mail was answered
// there once, whoever has them today.
func (a *googleAccount) authoritative() bool {
	_, domain, _ := strings.Cut(a.Email, "@")
	return domain == "gmail.com" || domain == "googlemail.com" || domain == strings.ToLower(a.Domain)
}

// mayLink tells whether the account, which is not linked to anybody, proves enough to be taken for the user who has its
// address. Who registered somebody else's address, with a password, must not be joined by its owner.
func (a *googleAccount) mayLink(user *db.User) bool {
	return a.authoritative() && user.GoogleSubject == "" && (!user.EmailVerifiedAt.IsZero() || !hasPassword(user))
}

// newGoogleUser is a user without a password and without a record. Names that nobody could register with are left out.
func (s *Server) newGoogleUser(c *call, account *googleAccount) *db.User {
	user := &db.User{
		Email: account.Email, GoogleSubject: account.Subject, CreatedAt: c.now,
		FirstName: s.acceptableName(account.GivenName), LastName: s.acceptableName(account.FamilyName),
	}
	if account.authoritative() {
		user.EmailVerifiedAt = c.now
	}
	return user
}

// acceptableName is the name if it keeps the rules of the spec and of the model, else "".
func (s *Server) acceptableName(name string) string {
	if !s.fits("Name", name) || formats.ContainsURL(name) {
		return ""
	}
	return name
}

// fits reports whether a text from elsewhere would pass as a param of this component schema.
func (s *Server) fits(schema, text string) bool {
	wrong, err := s.validator.Component(schema, text)
	return err == nil && len(wrong) == 0
}

// saveGoogleSignIn saves a new session, and with it the user who is new or gets linked. It is an error that raced knows when
// the user is no longer as they were found.
func (s *Server) saveGoogleSignIn(c *call, account *googleAccount, user *db.User, app *db.Application, redirectURL string) (session *db.Session, token string, err error) {
	err = s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		var err error
		switch {
		case user.ID == 0:
			err = db.InsertNew(ctx, tx, user)
		case user.GoogleSubject == "":
			err = s.linkGoogle(ctx, tx, c, account, user, app)
		}
		if err != nil {
			return err
		}
		session, token = c.newSession(user, app, gen.SignInMethodGoogle, redirectURL)
		return c.insertSession(ctx, tx, session, precondition{googleSubject: user.GoogleSubject})
	})
	return session, token, err
}

// linkGoogle links a user whom mayLink has let pass, and tells them by mail. It is db.ErrAlreadyExists when the user is no longer the same.
// Where the address was not proven before, this proves it, and what a stranger may have left ends.
func (s *Server) linkGoogle(ctx context.Context, tx bun.Tx, c *call, account *googleAccount, user *db.User, app *db.Application) error {
	hash, err := c.lockUser(ctx, tx, user.ID)
	if err == nil && hash != user.PasswordHash {
		err = db.ErrAlreadyExists
	}
	if err != nil {
		return err
	}
	if _, err := db.ClaimUser(ctx, tx, user, c.now); err != nil {
		return err
	}
	user.GoogleSubject = account.Subject
	if err := db.LinkGoogle(ctx, tx, user, account.Email); err != nil {
		return err
	}
	return s.tell(ctx, tx, c, "google_linked", user, app)
}

// raced tells whether a sign-in failed because users changed after they were looked up: one was made, linked, changed or
// deleted.
func raced(err error) bool {
	return errors.Is(err, db.ErrAlreadyExists) || errors.Is(err, db.ErrPreconditionFailed) || db.Violates(err, db.UsersGoogleSubjectKey)
}
