package impl

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// recentSignIn is how young a session must be for a first password.
const recentSignIn = 15 * time.Minute

// UsersClientRegister makes a client of the user of the presented session.
func (s *Server) UsersClientRegister(ctx context.Context, req gen.UsersClientRegisterRequestObject) (gen.UsersClientRegisterResponseObject, error) {
	c, p := callOf(ctx), req.Body
	user, err := s.DB.UserByID(ctx, c.session.UserID)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return invalidToken, nil // deleted since the token was checked
	}
	claim := claim{
		application: p.Application, redirectURL: p.RedirectURL, email: user.Email, password: p.Client.Password,
		firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone,
		companyID: p.Client.CompanyID, companyName: p.Client.CompanyName, enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	var wrong []gen.ParamError
	if other := c.registry.appsBySlug[p.Application]; other != nil && other != c.app {
		wrong = append(wrong, paramError("application", gen.Allowed, "is not the application of the session"))
	}
	if claim.password != "" {
		wrong = append(wrong, c.judgeFirstPassword(user)...)
	}
	app, hash, refusal, err := s.settleClaim(c, &claim, wrong)
	if refusal != nil || err != nil {
		return refusal, err
	}
	user.FirstName, user.LastName = claim.firstName, claim.lastName
	if claim.phone != "" {
		user.Phone = claim.phone
	}
	client := claim.client(c)
	client.UserID = user.ID
	session := *c.session
	session.User.Records.Client = &client.Active
	if p.RedirectURL != "" {
		session.RedirectURL = p.RedirectURL
	}
	err = s.insertRecord(c, user, client, &session, hash)
	switch {
	case errors.Is(err, errTaken):
		return gen.EmailAlreadyClient{}, nil
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case violates(err, "clients_company_id_fkey"):
		return gen.InvalidParam{Errors: noCompany}, nil
	case errors.Is(err, errPasswordSet):
		return gen.InvalidParam{Errors: hasPasswordError}, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersClientRegisterActionSuccessful{
		Data:        clientView(p.View, client, user),
		Session:     optionalSession(p.SessionView, &session, app, ""),
		Application: optionalApplication(p.ApplicationView, app),
	}, nil
}

// errSignedOut means that the session has ended since its token was checked.
var errSignedOut = errors.New("the session was signed out")

// errPasswordSet means that the user got a password after it was seen that there was none.
var errPasswordSet = errors.New("the user has a password by now")

var hasPasswordError = []gen.ParamError{paramError("client.password", gen.Allowed, "this user has a password already")}

// judgeFirstPassword says why this user may not set a password along with becoming a client.
func (c *call) judgeFirstPassword(user *db.User) []gen.ParamError {
	if hasPassword(user) {
		return hasPasswordError
	}
	if c.now.Sub(c.session.CreatedAt) >= recentSignIn {
		return []gen.ParamError{paramError("client.password", gen.RecentSignIn, "a first password needs a session younger than 15 minutes")}
	}
	return nil
}

// insertRecord makes the client record of a user, and saves what came with it. It is errTaken when there is one already, and
// errSignedOut when the session is there no longer.
func (s *Server) insertRecord(c *call, user *db.User, client *db.Client, session *db.Session, hash string) error {
	return s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		// First, and locked by it: a session that was signed out since must not become anything.
		here, err := changedOne(tx.NewUpdate().Model(session).Column("redirect_url").WherePK().Exec(ctx))
		if err != nil {
			return err
		}
		if !here {
			return errSignedOut
		}
		if err := insertNew(ctx, tx.NewInsert().Model(client).On("CONFLICT (user_id) DO NOTHING")); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(user).Column("first_name", "last_name", "phone").WherePK().Exec(ctx); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		return s.setFirstPassword(ctx, tx, c, user, hash)
	})
}

// setFirstPassword also signs the user's other sessions out, and tells the user by mail. It is errPasswordSet when somebody
// was quicker.
func (s *Server) setFirstPassword(ctx context.Context, tx bun.Tx, c *call, user *db.User, hash string) error {
	set, err := setPasswordHash(ctx, tx, user, hash)
	if err != nil {
		return err
	}
	if !set {
		return errPasswordSet
	}
	_, err = tx.NewDelete().Model((*db.Session)(nil)).Where("user_id = ? AND id <> ?", user.ID, c.session.ID).Exec(ctx)
	if err != nil {
		return err
	}
	notice, err := s.writeMail(c, "password_set", user, c.app, "")
	if err != nil {
		return err
	}
	return s.queueMail(ctx, tx, notice, 0)
}
