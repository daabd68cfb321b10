package impl

import (
	"context"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/oidc"
)

var errGoogleRaced = errors.New("the user kept changing during the sign-in")

// signInWithGoogle creates a session for the user of a Google account. It creates the user, or links an
// existing one, where that has not been done yet.
func (s *Server) signInWithGoogle(
	c *call, account *oidc.Account, app *db.Application, redirectURL string, p *gen.SessionsGoogleCreateParams,
) (gen.SessionsGoogleCreateResponseObject, error) {
	for range optimisticRetries {
		user, refusal, err := s.googleUser(c, account)
		c.concerns(user)
		if refusal != nil || err != nil {
			return refusal, err
		}
		may := accessOf(user, app)
		switch may {
		case noRole:
			return gen.UserRequiresRole{}, nil
		case suspended:
			return gen.UserSuspended{}, nil
		case admitted, noRecord:
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
		if may == admitted {
			return gen.SessionsGoogleCreateActionSuccessful{Data: data, Session: shown, Application: application}, nil
		}
		return gen.SessionsGoogleCreateClientRequired{Data: data, Session: shown, Application: application}, nil
	}
	return s.googleFailed(c, errGoogleRaced), nil
}

// googleUser returns the user of a Google account: the linked one, whatever the address of the account is
// now; else the one who has the address and may be linked; else a new one, who is not saved yet.
func (s *Server) googleUser(c *call, account *oidc.Account) (*db.User, gen.SessionsGoogleCreateResponseObject, error) {
	ctx := c.context()
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
	case user.GoogleSubject == account.Subject: // linked since the first query
		return user, nil, nil
	case !mayLink(account, user):
		return user, gen.GoogleAccountConflict{}, nil
	}
	return user, nil, nil
}

// hostedByGoogle reports whether Google runs the mailbox of a verified address. Other addresses were verified
// once by a mail, and may belong to somebody else today.
func hostedByGoogle(account *oidc.Account) bool {
	_, domain, _ := strings.Cut(account.Email, "@")
	return domain == "gmail.com" || domain == "googlemail.com" || domain == strings.ToLower(account.Domain)
}

// mayLink reports whether an account that is linked to nobody may be linked to the user who has its address.
// A user with a password and an unverified address may be a stranger who registered it: the owner of the
// address must not share that account.
func mayLink(account *oidc.Account, user *db.User) bool {
	return hostedByGoogle(account) && user.GoogleSubject == "" && (!user.EmailVerifiedAt.IsZero() || !user.HasPassword())
}

// newGoogleUser returns a user without a password and without a record. A name that the spec would refuse is
// left out.
func (s *Server) newGoogleUser(c *call, account *oidc.Account) *db.User {
	user := &db.User{
		Email: account.Email, GoogleSubject: account.Subject, CreatedAt: c.now, Recordless: true, Locale: s.pageLocale(c),
		FirstName: s.acceptableName(account.GivenName), LastName: s.acceptableName(account.FamilyName),
	}
	if hostedByGoogle(account) {
		user.EmailVerifiedAt = c.now
	}
	return user
}

// acceptableEmail returns an address in the form in which addresses are stored, or "" if the spec would
// refuse it.
func (s *Server) acceptableEmail(address string) string {
	if address = formats.NormalizeEmail(address); !s.fits("Email", address) {
		return ""
	}
	return address
}

// acceptableName returns a name, or "" if clients/register would refuse it.
func (s *Server) acceptableName(name string) string {
	if !s.fits("Name", name) || formats.ContainsURL(name) {
		return ""
	}
	return name
}

// fits reports whether a text is valid by a component schema of the spec.
func (s *Server) fits(schema, text string) bool {
	wrong, err := s.validator.Component(schema, text)
	return err == nil && len(wrong) == 0
}

// saveGoogleSignIn saves a new session, and the user if they are new or get linked. If raced reports true for its
// error, the user has changed since the look-up.
func (s *Server) saveGoogleSignIn(c *call, account *oidc.Account, user *db.User, app *db.Application, redirectURL string) (
	session *db.Session, token string, err error,
) {
	err = s.transaction(c, func(ctx context.Context, tx bun.Tx) error {
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
		return s.insertSession(ctx, tx, c, session, precondition{googleSubject: user.GoogleSubject})
	})
	return session, token, err
}

// linkGoogle links a user that mayLink accepted, and queues a notice. It returns db.ErrAlreadyExists if
// the user has changed since. An unverified address becomes verified by this, which removes what a stranger
// may have left.
func (s *Server) linkGoogle(ctx context.Context, tx bun.Tx, c *call, account *oidc.Account, user *db.User, app *db.Application) error {
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
	return s.queueNotice(ctx, tx, c, mailer.GoogleLinked, user, app)
}

// raced reports whether a sign-in failed because a user was created, linked, changed or deleted after the
// lookup.
func raced(err error) bool {
	return errors.Is(err, db.ErrAlreadyExists) || errors.Is(err, db.ErrPreconditionFailed) || db.Violates(err, db.UsersGoogleSubjectKey)
}
