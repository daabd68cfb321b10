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
		return gen.InvalidToken{Param: "token"}, nil // deleted since the token was checked
	}
	claim := claim{
		application: p.Application, redirectURL: p.RedirectURL, email: user.Email, password: p.Client.Password,
		firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone,
		companyID: p.Client.CompanyID, companyName: p.Client.CompanyName, enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	app, wrong, broken, err := s.checkClaim(c, &claim)
	if err != nil {
		return nil, err
	}
	if app != nil && app.ID != c.session.ApplicationID {
		wrong = append(wrong, paramError("application", gen.Allowed, "is not the application of the session"))
	}
	if claim.password != "" {
		wrong = append(wrong, c.judgeFirstPassword(user)...)
	}
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: c.sorted(wrong)}, nil
	}
	hash, broken, err := s.acceptPassword(ctx, &claim, broken)
	switch {
	case errors.Is(err, errBusy):
		return gen.ServerBusy{}, nil
	case err != nil:
		return nil, err
	case len(broken) > 0:
		return gen.ClientValidationFailed{Errors: c.sorted(broken)}, nil
	}
	return s.becomeClient(c, user, app, &claim, hash, p)
}

// judgeFirstPassword says why this user may not set a password along with becoming a client.
func (c *call) judgeFirstPassword(user *db.User) []gen.ParamError {
	if hasPassword(user) {
		return []gen.ParamError{paramError("client.password", gen.Allowed, "this user has a password already")}
	}
	if c.now.Sub(c.session.CreatedAt) >= recentSignIn {
		return []gen.ParamError{paramError("client.password", gen.RecentSignIn, "a first password needs a session younger than 15 minutes")}
	}
	return nil
}

func (s *Server) becomeClient(c *call, user *db.User, app *db.Application, claim *claim, hash string, p *gen.UsersClientRegisterParams) (gen.UsersClientRegisterResponseObject, error) {
	client := claim.client(c)
	client.UserID = user.ID
	user.FirstName, user.LastName, user.Phone = claim.firstName, claim.lastName, claim.phone
	err := s.inTx(c.req.Context(), func(ctx context.Context, tx bun.Tx) error {
		done, err := tx.NewInsert().Model(client).On("CONFLICT (user_id) DO NOTHING").Returning("id").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errAlreadyClient)
		}
		if _, err := tx.NewUpdate().Model(user).Column("first_name", "last_name", "phone").WherePK().Exec(ctx); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		return s.setFirstPassword(ctx, tx, c, user, app, hash)
	})
	if errors.Is(err, errAlreadyClient) {
		return gen.EmailAlreadyClient{}, nil
	}
	if err != nil {
		return nil, err
	}
	session := *c.session
	session.User.Records.Client = &client.Active
	return gen.UsersClientRegisterActionSuccessful{
		Data:        clientView(p.View, client, user),
		Session:     optionalSession(p.SessionView, &session, app, ""),
		Application: optionalApplication(p.ApplicationView, app),
	}, nil
}

// errAlreadyClient means that the user has a client record.
var errAlreadyClient = errors.New("the user is a client already")

// setFirstPassword also signs the user's other sessions out, and tells the user by mail.
func (s *Server) setFirstPassword(ctx context.Context, tx bun.Tx, c *call, user *db.User, app *db.Application, hash string) error {
	if err := setPasswordHash(ctx, tx, user, hash); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model((*db.Session)(nil)).Where("user_id = ? AND id <> ?", user.ID, c.session.ID).Exec(ctx)
	if err != nil {
		return err
	}
	notice, err := s.passwordSetMail(c, user, app)
	if err != nil {
		return err
	}
	return s.jobs.queueMail(ctx, tx, notice)
}

// setPasswordHash replaces the hash that the user was read with; one that was set since stays.
func setPasswordHash(ctx context.Context, idb bun.IDB, user *db.User, hash string) error {
	_, err := idb.NewUpdate().Model((*db.User)(nil)).Set("password_hash = ?", hash).
		Where("id = ? AND coalesce(password_hash, '') = ?", user.ID, user.PasswordHash).Exec(ctx)
	return err
}

// inTx runs f in one transaction.
func (s *Server) inTx(ctx context.Context, f func(context.Context, bun.Tx) error) error {
	return s.DB.RunInTx(ctx, nil, f)
}
