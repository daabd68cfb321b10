package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
)

// SessionsMagicLinkRequest mails a link that signs a user in.
func (s *Server) SessionsMagicLinkRequest(ctx context.Context, req gen.SessionsMagicLinkRequestRequestObject) (
	gen.SessionsMagicLinkRequestResponseObject, error,
) {
	p := req.Body
	sent, refusal, err := s.requestLink(callOf(ctx), db.MagicLink, p.Email, p.Application, p.RedirectURL)
	switch {
	case refusal != nil || err != nil:
		return refusal, err
	case !sent:
		return gen.SessionsMagicLinkRequestMandrillEmailFailed{}, nil
	}
	return gen.SessionsMagicLinkRequestActionSuccessful{}, nil
}

// SessionsMagicLinkCreate signs a user in with a magic link, or goes on with a session that was handed over.
func (s *Server) SessionsMagicLinkCreate(ctx context.Context, req gen.SessionsMagicLinkCreateRequestObject) (
	gen.SessionsMagicLinkCreateResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	link, user, app, err := s.checkLink(c, c.registry, p.MagicToken, db.MagicLink, db.HandedOverLink)
	c.concernsLink(user, app)
	switch {
	case err != nil:
		return nil, err
	case link == nil || lacksVerifier(link, p.Verifier):
		return gen.InvalidMagicLink{}, nil
	case linkExpired(link, user, c.now):
		return gen.MagicLinkExpired{}, nil
	}
	if !allowsRedirect(app, link.RedirectURL) {
		link.RedirectURL = "" // it was allowed when the link was requested
	}
	session, token := c.newSession(user, app, gen.SignInMethodMagicLink, link.RedirectURL)
	use := s.useMagicLink
	if link.Kind == db.HandedOverLink {
		use = s.useHandedOver
		if !c.resume(session, link) {
			return gen.MagicLinkExpired{}, nil
		}
	}
	err = use(c, link, user, app, session)
	switch {
	case errors.Is(err, db.ErrLinkConsumed) || errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidMagicLink{}, nil
	case db.Violates(err, db.SessionsApplicationIDFkey):
		return gen.InvalidMagicLink{}, nil
	case err != nil:
		return nil, err
	}
	session.User = *user
	data, shown, application := signedIn(session, app, token, p.View, p.SessionView, p.ApplicationView)
	switch accessOf(user, app) {
	case noRole:
		return gen.UserRequiresRole{}, nil
	case suspended:
		return gen.UserSuspended{}, nil
	case noRecord:
		return gen.SessionsMagicLinkCreateClientRequired{Data: data, Session: shown, Application: application}, nil
	case admitted:
	}
	return gen.SessionsMagicLinkCreateActionSuccessful{Data: data, Session: shown, Application: application}, nil
}

// useMagicLink consumes a link, which verifies the e-mail address, and saves the session unless the user has
// no role or is suspended.
func (s *Server) useMagicLink(c *call, link *db.Link, user *db.User, app *db.Application, session *db.Session) error {
	return s.transaction(c, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if user.PasswordHash, err = c.lockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := db.ConsumeLink(ctx, tx, link); err != nil {
			return err
		}
		first, err := db.ClaimUser(ctx, tx, user, c.now)
		if err == nil && first && user.HasPassword() {
			err = s.removePassword(ctx, tx, c, user, app)
		}
		if err != nil {
			return err
		}
		switch accessOf(user, app) {
		case noRole:
			return c.record(ctx, tx, gen.UserRequiresRole{}.Slug())
		case suspended:
			return c.record(ctx, tx, gen.UserSuspended{}.Slug())
		case noRecord, admitted:
		}
		return s.insertSession(ctx, tx, c, session, precondition{})
	})
}

// removePassword removes a password that a stranger may have set before the address was verified, and queues
// a mail about it.
func (s *Server) removePassword(ctx context.Context, tx bun.Tx, c *call, user *db.User, app *db.Application) error {
	user.PasswordHash = ""
	if err := db.Update(ctx, tx, user, "password_hash"); err != nil {
		return err
	}
	return s.queueNotice(ctx, tx, c, mailer.PasswordRemoved, user, app)
}
