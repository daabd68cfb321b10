package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/validation"
	"github.com/planoauth/planoauth/impl/web"
)

// UsersRead returns the signed-in user.
func (s *Server) UsersRead(ctx context.Context, req gen.UsersReadRequestObject) (gen.UsersReadResponseObject, error) {
	c := callOf(ctx)
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	switch {
	case err != nil:
		return nil, err
	case user == nil:
		return invalidToken, nil // deleted since the token was checked
	}
	return gen.UsersReadActionSuccessful{Data: userView(req.Body.View, user)}, nil
}

// UsersUpdate changes the profile of the signed-in user. Params that are absent change nothing.
func (s *Server) UsersUpdate(ctx context.Context, req gen.UsersUpdateRequestObject) (gen.UsersUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	changed := profileChange{p.FirstName, p.LastName, p.Phone}
	if wrong := changed.normalize(); len(wrong) > 0 {
		return gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	switch {
	case err != nil:
		return nil, err
	case user == nil:
		return invalidToken, nil
	}
	columns := changed.apply(user)
	if p.Locale != nil {
		user.Locale, columns = string(*p.Locale), append(columns, "locale")
	}
	if len(columns) > 0 {
		err = s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
			return db.Update(ctx, tx, user, columns...)
		})
	}
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersUpdateActionSuccessful{Data: userView(p.View, user)}, nil
}

// UsersClientRegister gives the signed-in user a client record.
func (s *Server) UsersClientRegister(ctx context.Context, req gen.UsersClientRegisterRequestObject) (
	gen.UsersClientRegisterResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return invalidToken, nil // deleted since the token was checked
	}
	r := registration{
		profile:     profile{firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone},
		application: p.Application, redirectURL: p.RedirectURL, email: user.Email, password: p.Client.Password,
		companyID: p.Client.CompanyID, companyName: p.Client.CompanyName, enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	var wrong []gen.ParamError
	if other := c.registry.appsBySlug[p.Application]; other != nil && other != c.sessionApp {
		wrong = append(wrong, paramError("application", gen.Allowed, "is not the application of the session"))
	}
	if r.password != "" {
		wrong = append(wrong, c.checkFirstPassword("client.password", user)...)
	}
	app, hash, refusal, err := s.validateRegistration(c, &r, wrong)
	if refusal != nil || err != nil {
		return refusal, err
	}
	r.profile.apply(user)
	s.setPageLocale(c, user)
	client := r.client(c.now)
	client.UserID = user.ID
	session := *c.session
	session.User.Records.Client = &client.Active
	if p.RedirectURL != "" {
		session.RedirectURL = p.RedirectURL
	}
	err = s.insertRecord(c, user, client, &session, hash)
	switch {
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyClient{}, nil
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case db.Violates(err, db.ClientsCompanyIDFkey):
		return gen.InvalidParam{Errors: noCompany}, nil
	case errors.Is(err, errPasswordSet):
		return gen.InvalidParam{Errors: hasPasswordError("client.password")}, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersClientRegisterActionSuccessful{
		Data:        clientView(p.View, client, user),
		Session:     optionalSession(p.SessionView, &session, app, ""),
		Application: optionalApplication(p.ApplicationView, app),
	}, nil
}

// insertRecord saves a client record and the rest of a registration by an existing user. It returns
// db.ErrAlreadyExists if the user has a client record, and errSignedOut if the session has ended.
func (s *Server) insertRecord(c *call, user *db.User, client *db.Client, session *db.Session, hash string) error {
	return s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		if err := db.Update(ctx, tx, session, "redirect_url"); err != nil {
			return err
		}
		if err := db.InsertNew(ctx, tx, client); err != nil {
			return err
		}
		if err := db.Update(ctx, tx, user, "first_name", "last_name", "phone", "locale"); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		return s.setPassword(ctx, tx, c, user, hash)
	})
}

// UsersEmailVerificationRequest mails another verification link to the user of the presented session.
func (s *Server) UsersEmailVerificationRequest(ctx context.Context, req gen.UsersEmailVerificationRequestRequestObject) (
	gen.UsersEmailVerificationRequestResponseObject, error,
) {
	c, redirectURL := callOf(ctx), req.Body.RedirectURL
	if redirectURL != "" && !allowsRedirect(c.sessionApp, redirectURL) {
		return gen.InvalidParam{Errors: redirectNotAllowed}, nil
	}
	found, err := s.linkAccount(c, formats.NormalizeEmail(c.session.User.Email), c.sessionApp)
	switch {
	case err != nil:
		return nil, err
	case found.User == nil || found.User.ID != c.session.UserID:
		return invalidToken, nil // deleted, or changed address, since the token was checked
	case !found.User.EmailVerifiedAt.IsZero():
		return gen.EmailAlreadyVerified{}, nil
	}
	if wait := found.wait(c.now); wait > 0 {
		return c.rateLimited(wait), nil
	}
	mail, err := s.saveVerificationLink(c, found, redirectURL)
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, errExhausted):
		return s.exhausted(c, found)
	case db.Violates(err, db.LinksApplicationIDFkey):
		return invalidToken, nil // deleted with its application
	case err != nil:
		return nil, err
	case !s.deliver(c, mail):
		return gen.UsersEmailVerificationRequestMandrillEmailFailed{}, nil
	}
	return gen.UsersEmailVerificationRequestActionSuccessful{}, nil
}

// saveVerificationLink counts a request for a link, and saves the link with its mail.
func (s *Server) saveVerificationLink(c *call, found *account, redirectURL string) (mail *db.Mail, _ error) {
	app := c.sessionApp
	request := linkRequest{
		LinkKind: db.VerificationLink, Email: found.email, Application: app.ID, RedirectURL: redirectURL,
		Time: c.now, IP: c.ip, UserAgent: userAgent(c.req), Language: web.LanguageOf(c.req), Known: found.Known,
	}
	err := s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		within, err := s.count(ctx, tx, found, c.now)
		if err != nil {
			return err
		}
		if !within {
			return errExhausted
		}
		mail, err = s.mailLink(ctx, tx, found.User, app, request, s.Settings.MailPause)
		return err
	})
	return mail, err
}

// UsersEmailVerify verifies the e-mail address of the signed-in user with a link that was mailed to it.
func (s *Server) UsersEmailVerify(ctx context.Context, req gen.UsersEmailVerifyRequestObject) (gen.UsersEmailVerifyResponseObject, error) {
	c := callOf(ctx)
	link, err := s.findLink(c, req.Body.VerificationToken, db.VerificationLink)
	switch {
	case err != nil:
		return nil, err
	case link == nil || link.UserID != c.session.UserID:
		return gen.InvalidVerificationLink{}, nil
	case linkExpired(link, &c.session.User, c.now):
		return gen.VerificationLinkExpired{}, nil
	}
	err = s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		if err := db.ConsumeLink(ctx, tx, link); err != nil {
			return err
		}
		return db.VerifyEmail(ctx, tx, link.UserID, c.now)
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, db.ErrLinkConsumed):
		return gen.InvalidVerificationLink{}, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersEmailVerifyActionSuccessful{}, nil
}
