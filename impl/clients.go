package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/validation"
)

var clients = listing[db.Client]{
	ofUser: true,
	search: map[string]string{"email": recordEmail, "name": recordName, "company_name": "search_text(?TableAlias.company_name)"},
	filters: map[string]string{
		"inactive":            "NOT ?TableAlias.active",
		"enterprise":          "?TableAlias.enterprise",
		"company_unconfirmed": "?TableAlias.company_id IS NOT NULL AND NOT ?TableAlias.company_confirmed",
	},
	sorts: map[string]sorting[db.Client]{
		"created_at": {"?TableAlias.created_at", func(c *db.Client) any { return c.CreatedAt }},
		"email":      {recordEmail, func(c *db.Client) any { return emailOf(c.User) }},
	},
	sort: "created_at",
	id:   func(c *db.Client) int64 { return c.ID },
}

// ClientsRegister creates a user with a client record and signs them in.
func (s *Server) ClientsRegister(ctx context.Context, req gen.ClientsRegisterRequestObject) (gen.ClientsRegisterResponseObject, error) {
	c, p := callOf(ctx), req.Body
	r := registration{
		profile:     profile{firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone},
		application: p.Application, redirectURL: p.RedirectURL, email: formats.NormalizeEmail(p.Client.Email), password: p.Client.Password,
		companyID: p.Client.CompanyID, companyName: p.Client.CompanyName, enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	if wait, err := s.limitRegistrations(c); wait > 0 || err != nil {
		return c.rateLimited(wait), err
	}
	app, hash, refusal, err := s.validateRegistration(c, &r, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	user := &db.User{
		Email: r.email, PasswordHash: hash, FirstName: r.firstName, LastName: r.lastName, Phone: r.phone, CreatedAt: c.now,
		Locale: s.pageLocale(c),
	}
	client := r.client(c.now)
	user.Records.Client = &client.Active
	session, token := c.newSession(user, app, gen.SignInMethodRegistration, p.RedirectURL)
	welcome, err := s.insertClient(c, user, client, session, app)
	switch {
	case errors.Is(err, db.ErrAlreadyExists) && app.LegacySlugs:
		return gen.EmailAlreadyRegisterd{}, nil
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyRegistered{}, nil
	case errors.Is(err, errExhausted):
		wait, err := s.limitRegistrations(c)
		return c.rateLimited(wait), err
	case db.Violates(err, db.ClientsCompanyIDFkey):
		return gen.InvalidParam{Errors: noCompany}, nil
	case db.Violates(err, db.SessionsApplicationIDFkey):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	data := clientView(p.View, client, user)
	shown := sessionView(p.SessionView, session, app, token)
	application := optionalApplication(p.ApplicationView, app)
	if welcome != nil && !s.deliver(c, welcome) {
		return gen.ClientsRegisterMandrillEmailFailed{Data: data, Session: shown, Application: application}, nil
	}
	return gen.ClientsRegisterActionSuccessful{Data: data, Session: shown, Application: application}, nil
}

// insertClient saves a new user with their client record, session, verification link and welcome mail, which is nil if
// the mailbox got too many mails. It returns db.ErrAlreadyExists, and saves nothing, if a user has the e-mail address.
func (s *Server) insertClient(c *call, user *db.User, client *db.Client, session *db.Session, app *db.Application) (
	welcome *db.Mail, _ error,
) {
	err := s.transaction(c, func(ctx context.Context, tx bun.Tx) error {
		if err := db.InsertNew(ctx, tx, user); err != nil {
			return err
		}
		client.UserID, session.UserID, session.User.ID = user.ID, user.ID, user.ID
		if err := db.Insert(ctx, tx, client); err != nil {
			return err
		}
		if err := s.insertSession(ctx, tx, c, session, precondition{}); err != nil {
			return err
		}
		link := &db.Link{
			Kind: db.VerificationLink, UserID: user.ID, ApplicationID: app.ID, RedirectURL: session.RedirectURL, CreatedAt: c.now,
		}
		address, err := s.newLink(ctx, tx, link)
		if err != nil {
			return err
		}
		if welcome, err = s.mails.Write(mailer.Welcome, user, app, c.mailFacts(address)); err != nil {
			return err
		}
		if welcome, err = s.queueLimited(ctx, tx, c, welcome, user, app, s.Settings.MailPause); err != nil {
			return err
		}
		return s.countRegistration(ctx, tx, c) // last, since it locks the row of the network
	})
	return welcome, err
}

// ClientsIndex lists the clients.
func (s *Server) ClientsIndex(ctx context.Context, req gen.ClientsIndexRequestObject) (gen.ClientsIndexResponseObject, error) {
	found, refusal, err := list(s, callOf(ctx), &clients, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	shown := views(found, req.Body.View, func(view gen.View, c *db.Client) gen.ClientRecord { return clientView(view, c, c.User) })
	return gen.ClientsIndexActionSuccessful{Data: gen.ClientList{
		Results: shown, Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, nil
}

// ClientsRead returns a record of a client.
func (s *Server) ClientsRead(ctx context.Context, req gen.ClientsReadRequestObject) (gen.ClientsReadResponseObject, error) {
	c, client := callOf(ctx), db.Client{ID: req.Body.ID}
	found, err := db.Find(c.context(), s.DB, &client)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return noSuch(db.RoleClient), nil
	}
	return gen.ClientsReadActionSuccessful{Data: clientView(req.Body.View, &client, c.about)}, nil
}

// ClientsCreate makes somebody a client.
func (s *Server) ClientsCreate(ctx context.Context, req gen.ClientsCreateRequestObject) (gen.ClientsCreateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	r := registration{
		profile:     profile{firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone},
		application: p.Application, companyID: p.Client.CompanyID, companyName: p.Client.CompanyName,
		enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	app, wrong, broken, err := s.checkRegistration(c, &r)
	switch {
	case err != nil:
		return nil, err
	case len(wrong) > 0:
		return gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	case len(broken) > 0:
		return gen.ClientValidationFailed{Errors: validation.Sort(c.op, broken)}, nil
	}
	user := &db.User{
		Email: formats.NormalizeEmail(p.Client.Email), FirstName: r.firstName, LastName: r.lastName, Phone: r.phone, CreatedAt: c.now,
	}
	client := r.client(c.now)
	isNew, mail, err := s.createRecord(c, &newRecord{
		user: user, role: db.RoleClient, app: app, mail: p.Invite == nil || *p.Invite,
		record: func(userID int64) any { client.UserID = userID; return client },
	})
	switch {
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyClient{}, nil
	case errors.Is(err, errUnproven):
		return gen.EmailUnverified{}, nil
	case db.Violates(err, db.ClientsCompanyIDFkey):
		return gen.InvalidParam{Errors: noCompany}, nil
	case db.Violates(err, db.LinksApplicationIDFkey):
		return gen.InvalidParam{Errors: noApplication}, nil
	case err != nil:
		return nil, err
	}
	data := clientView(p.View, client, user)
	switch {
	case mail != nil && !s.deliver(c, mail):
		return gen.ClientsCreateMandrillEmailFailed{Data: data}, nil
	case !isNew:
		return gen.ClientCreatedForExistingEmail{Data: data}, nil
	}
	return gen.ClientsCreateActionSuccessful{Data: data}, nil
}

// ClientsUpdate changes those fields of a client, and of its user's profile, that are passed.
func (s *Server) ClientsUpdate(ctx context.Context, req gen.ClientsUpdateRequestObject) (gen.ClientsUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	profile := profileChange{p.FirstName, p.LastName, p.Phone}
	if refusal, err := s.checkClientUpdate(c, p, &profile); refusal != nil || err != nil {
		return refusal, err
	}
	client, user := db.Client{ID: p.ID}, c.about
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if err := c.lockRecord(ctx, tx, &client); err != nil {
			return err
		}
		if columns := profile.apply(user); len(columns) > 0 {
			if err := db.Update(ctx, tx, user, columns...); err != nil {
				return err
			}
		}
		changeClient(&client, p)
		return db.Update(ctx, tx, &client, "company_id", "company_name", "company_confirmed", "enterprise", "active")
	})
	switch {
	case errors.Is(err, errGone):
		return noSuch(db.RoleClient), nil
	case db.Violates(err, db.ClientsCompanyIDFkey):
		return gen.InvalidParam{Errors: unknownCompany("company_id")}, nil
	case err != nil:
		return nil, err
	}
	return gen.ClientsUpdateActionSuccessful{Data: clientView(p.View, &client, user)}, nil
}

// checkClientUpdate refuses a change that breaks a rule. It normalizes the phone number.
func (s *Server) checkClientUpdate(c *call, p *gen.ClientsUpdateParams, profile *profileChange) (gen.ClientsUpdateResponseObject, error) {
	broken := profile.normalize()
	if p.CompanyID != nil {
		wrong, inactive, err := s.checkCompany(c.context(), "company_id", *p.CompanyID)
		switch {
		case err != nil:
			return nil, err
		case len(wrong) > 0:
			return gen.InvalidParam{Errors: wrong}, nil
		}
		broken = append(broken, inactive...)
	}
	switch {
	case len(broken) > 0:
		return gen.ClientValidationFailed{Errors: validation.Sort(c.op, broken)}, nil
	case p.CompanyConfirmed != nil && *p.CompanyConfirmed && c.about.EmailVerifiedAt.IsZero():
		return gen.EmailUnverified{}, nil
	}
	return nil, nil
}

// changeClient sets the fields of a client that are passed. A new company is unconfirmed.
func changeClient(client *db.Client, p *gen.ClientsUpdateParams) {
	if p.CompanyID != nil && *p.CompanyID != client.CompanyID {
		client.CompanyID, client.CompanyConfirmed = *p.CompanyID, false
		client.Enterprise = client.Enterprise && client.CompanyID == 0
	}
	if p.CompanyName != nil {
		client.CompanyName = *p.CompanyName
	}
	if p.CompanyConfirmed != nil {
		client.CompanyConfirmed = *p.CompanyConfirmed
	}
	if p.Enterprise != nil {
		client.Enterprise = *p.Enterprise && client.CompanyID == 0
	}
	if p.Active != nil {
		client.Active = *p.Active
	}
}
