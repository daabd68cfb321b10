package impl

import (
	"context"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/validation"
)

// claim is what a person says of themselves when they become a client, by either of the operations.
type claim struct {
	application, redirectURL   string
	email, password            string // password is "" when none is to be set
	firstName, lastName, phone string
	companyID                  int64
	companyName                string
	enterprise                 bool
}

// ClientsRegister makes a user and their client record, and signs them in.
func (s *Server) ClientsRegister(ctx context.Context, req gen.ClientsRegisterRequestObject) (gen.ClientsRegisterResponseObject, error) {
	c, p := callOf(ctx), req.Body
	claim := claim{
		application: p.Application, redirectURL: p.RedirectURL, email: formats.NormalizeEmail(p.Client.Email), password: p.Client.Password,
		firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone,
		companyID: p.Client.CompanyID, companyName: p.Client.CompanyName, enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	app, hash, refusal, err := s.settleClaim(c, &claim, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	user := &db.User{
		Email: claim.email, PasswordHash: hash, FirstName: claim.firstName, LastName: claim.lastName, Phone: claim.phone, CreatedAt: c.now,
	}
	client := claim.client(c)
	user.Records.Client = &client.Active
	session, token := c.newSession(user, app, gen.SignInMethodRegistration, p.RedirectURL)
	welcome, err := s.insertClient(c, user, client, session, app)
	switch {
	case errors.Is(err, errTaken) && app.LegacySlugs:
		return gen.EmailAlreadyRegisterd{}, nil
	case errors.Is(err, errTaken):
		return gen.EmailAlreadyRegistered{}, nil
	case violates(err, "clients_company_id_fkey"):
		return gen.InvalidParam{Errors: noCompany}, nil
	case violates(err, "sessions_application_id_fkey"):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	data := clientView(p.View, client, user)
	shown := sessionView(p.SessionView, session, app, token)
	application := optionalApplication(p.ApplicationView, app)
	if !s.deliver(c, welcome) {
		return gen.ClientsRegisterMandrillEmailFailed{Data: data, Session: shown, Application: application}, nil
	}
	return gen.ClientsRegisterActionSuccessful{Data: data, Session: shown, Application: application}, nil
}

// insertClient saves a new user with all that belongs to them, the mail that welcomes them too. It is errTaken, and nothing is saved, when a user has the
// e-mail address already.
func (s *Server) insertClient(c *call, user *db.User, client *db.Client, session *db.Session, app *db.Application) (welcome *db.Mail, _ error) {
	err := s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if err := insertNew(ctx, tx.NewInsert().Model(user).On("CONFLICT (lower(email)) DO NOTHING")); err != nil {
			return err
		}
		client.UserID, session.UserID, session.User.ID = user.ID, user.ID, user.ID
		if _, err := tx.NewInsert().Model(client).Exec(ctx); err != nil {
			return err
		}
		if err := c.insertSession(ctx, tx.Tx, session, proof{}); err != nil {
			return err
		}
		link := &db.Link{Kind: verificationLink, UserID: user.ID, ApplicationID: app.ID, RedirectURL: session.RedirectURL, CreatedAt: c.now}
		address, err := s.newLink(ctx, tx, link)
		if err != nil {
			return err
		}
		if welcome, err = s.mails.Write(mailer.Welcome, user, app, c.mailFacts(address)); err != nil {
			return err
		}
		return s.queueMail(ctx, tx, welcome, s.Settings.MailPause)
	})
	return welcome, err
}

func (claim *claim) client(c *call) *db.Client {
	return &db.Client{
		CompanyID: claim.companyID, CompanyName: claim.companyName, Active: true, CreatedAt: c.now,
		Enterprise: claim.enterprise && claim.companyID == 0,
	}
}

// claimRefusal is an outcome that both operations list.
type claimRefusal interface {
	gen.ClientsRegisterResponseObject
	gen.UsersClientRegisterResponseObject
}

// settleClaim refuses a claim of which something is wrong, by what the operation has found and what is found here, or which
// breaks a rule of the model; otherwise it puts the phone number into its standard form and hashes the password.
func (s *Server) settleClaim(c *call, claim *claim, wrong []gen.ParamError) (app *db.Application, hash string, _ claimRefusal, _ error) {
	app, found := c.application(claim.application, claim.redirectURL)
	wrong = append(wrong, found...)
	if app != nil && !slices.Contains(app.Admits, "client") {
		wrong = append(wrong, paramError("application", gen.Allowed, "does not admit clients"))
	}
	companyWrong, broken, err := s.checkCompany(c.req.Context(), claim.companyID)
	if err != nil {
		return nil, "", nil, err
	}
	if wrong = append(wrong, companyWrong...); len(wrong) > 0 {
		return nil, "", gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	broken = append(broken, claim.check("client.")...)
	words := ownWords(claim.email, claim.firstName, claim.lastName, claim.companyName, claim.application, "planoauth")
	hash, broken, err = s.acceptPassword(c.req.Context(), "client.password", claim.password, words, broken)
	switch {
	case errors.Is(err, errBusy):
		return nil, "", s.busy(c), nil
	case err != nil:
		return nil, "", nil, err
	case len(broken) > 0:
		return nil, "", gen.ClientValidationFailed{Errors: validation.Sort(c.op, broken)}, nil
	}
	return app, hash, nil, nil
}

// check judges names and phone number, params with this prefix, and puts the number into its standard form.
func (claim *claim) check(prefix string) (broken []gen.ParamError) {
	if claim.phone != "" {
		var possible bool
		if claim.phone, possible = formats.NormalizePhone(claim.phone); !possible {
			broken = append(broken, paramError(prefix+"phone", gen.Possible, "is not a phone number that can exist"))
		}
	}
	if formats.ContainsURL(claim.firstName) {
		broken = append(broken, paramError(prefix+"first_name", gen.NoURL, "must not hold a URL"))
	}
	if formats.ContainsURL(claim.lastName) {
		broken = append(broken, paramError(prefix+"last_name", gen.NoURL, "must not hold a URL"))
	}
	return broken
}

var noCompany = []gen.ParamError{paramError("client.company_id", gen.Exists, "there is no such company")}

// checkCompany looks a company up: it is wrong to name one that does not exist, and breaks a rule to name an inactive one.
func (s *Server) checkCompany(ctx context.Context, id int64) (wrong, broken []gen.ParamError, err error) {
	if id == 0 {
		return nil, nil, nil
	}
	var active []bool
	err = s.DB.NewSelect().Table("companies").Column("active").Where("id = ?", id).Scan(ctx, &active)
	switch {
	case err != nil:
		return nil, nil, err
	case len(active) == 0:
		return noCompany, nil, nil
	case !active[0]:
		return nil, []gen.ParamError{paramError("client.company_id", gen.Active, "is not an active company")}, nil
	}
	return nil, nil, nil
}
