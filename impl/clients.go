package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
)

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

// insertClient saves a new user with their client record, session, verification link and welcome mail,
// which is nil if the mailbox got too many mails. It returns db.ErrAlreadyExists, and saves nothing, when a user has the e-mail address already.
func (s *Server) insertClient(c *call, user *db.User, client *db.Client, session *db.Session, app *db.Application) (welcome *db.Mail, _ error) {
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
		link := &db.Link{Kind: db.VerificationLink, UserID: user.ID, ApplicationID: app.ID, RedirectURL: session.RedirectURL, CreatedAt: c.now}
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
