package impl

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/web"
)

// UsersEmailChangeRequest mails a link to another address that the signed-in user wants, and a notice to the present
// one.
func (s *Server) UsersEmailChangeRequest(ctx context.Context, req gen.UsersEmailChangeRequestRequestObject) (
	gen.UsersEmailChangeRequestResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	own, err := s.passwordAccount(c, formats.NormalizeEmail(c.session.User.Email))
	switch {
	case err != nil:
		return nil, err
	case own.User == nil || own.User.ID != c.session.UserID:
		return invalidToken, nil // deleted, or changed address, since the token was checked
	}
	wrong := c.checkRecentSignIn("email", "can be changed without a password only by a session younger than 15 minutes")
	if refusal, err := s.checkCurrentPassword(c, own, p.CurrentPassword, wrong); refusal != nil || err != nil {
		return refusal, err
	}
	wanted, err := s.linkAccount(c, formats.NormalizeEmail(p.Email), c.sessionApp)
	c.concernsSession(c.session)
	if err != nil {
		return nil, err
	}
	if wait := wanted.wait(c.now); wait > 0 {
		return c.rateLimited(wait), nil
	}
	mail, err := s.saveEmailChange(c, own, wanted)
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, errExhausted):
		return s.exhausted(c, wanted)
	case errors.Is(err, errManyChanges):
		key := ratelimit.EmailChanges.Key(own.User.Email)
		made, err := s.DB.Attempts(c.context(), key[:])
		return c.rateLimited(ratelimit.EmailChanges.Wait(made, 0, false, c.now)), err
	case db.Violates(err, db.LinksApplicationIDFkey):
		return invalidToken, nil // deleted with its application
	case err != nil:
		return nil, err
	case wanted.User != nil && !s.Settings.opaque():
		return gen.EmailAlreadyRegistered{}, nil
	case mail != nil && !s.deliver(c, mail):
		return gen.UsersEmailChangeRequestMandrillEmailFailed{}, nil
	}
	return gen.UsersEmailChangeRequestActionSuccessful{}, nil
}

// errManyChanges means that the user has asked for too many addresses.
var errManyChanges = errors.New("too many changes of address were requested")

// saveEmailChange counts a request, and saves the link with its mail, which it returns, and the mail to the present
// address. With opaque answers it does the same for every address, and a job makes the link if nobody has it.
func (s *Server) saveEmailChange(c *call, own, wanted *account) (mail *db.Mail, _ error) {
	request := c.emailChange(own.User, wanted.email)
	request.Known = own.Known
	err := s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		within, err := s.count(ctx, tx, wanted, c.now)
		switch {
		case err != nil:
			return err
		case !within:
			return errExhausted
		}
		within, err = countMail(ctx, tx, ratelimit.EmailChanges, own.User, c.now)
		switch {
		case err != nil:
			return err
		case !within:
			return errManyChanges
		case s.Settings.opaque():
			err = s.queueLink(ctx, tx, request)
		case wanted.User != nil:
			c.recordNothing()
			return nil
		default:
			mail, err = s.mailLink(ctx, tx, own.User, c.sessionApp, request, s.Settings.MailPause)
		}
		if err != nil {
			return err
		}
		return s.queueAbout(ctx, tx, mailer.EmailChangeRequested, own.User, c.sessionApp, c.mailFacts(""))
	})
	return mail, err
}

// emailChange is the request for a link that gives a user another address.
func (c *call) emailChange(user *db.User, email string) linkRequest {
	return linkRequest{
		LinkKind: db.EmailChangeLink, Email: email, Application: c.sessionApp.ID, User: user.ID,
		Time: c.now, IP: c.ip, UserAgent: userAgent(c.req), Language: web.LanguageOf(c.req),
	}
}

// PeopleEmailUpdate mails a link to another address of a person, and a notice to the present one.
func (s *Server) PeopleEmailUpdate(ctx context.Context, req gen.PeopleEmailUpdateRequestObject) (
	gen.PeopleEmailUpdateResponseObject, error,
) {
	c, p, person := callOf(ctx), req.Body, callOf(ctx).about
	email := formats.NormalizeEmail(p.Email)
	taken, err := s.DB.UserByEmail(c.context(), email)
	switch {
	case err != nil:
		return nil, err
	case taken != nil:
		return gen.EmailAlreadyRegistered{}, nil
	}
	request := c.emailChange(person, email)
	request.ByAdmin, request.IP, request.UserAgent = true, "", "" // these are the administrator's
	var mail *db.Mail
	err = s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if _, err := db.LockUser(ctx, tx, person.ID); err != nil {
			return err
		}
		var err error
		if mail, err = s.mailLink(ctx, tx, person, c.sessionApp, request, s.Settings.MailPause); err != nil {
			return err
		}
		return s.queueAbout(ctx, tx, mailer.EmailChangeRequested, person, c.sessionApp, request.mailFacts(""))
	})
	switch {
	case errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidParam{Errors: []gen.ParamError{paramError("id", gen.Exists, "there is no such person")}}, nil
	case err != nil:
		return nil, err
	}
	sent := s.deliver(c, mail)
	shown, err := s.person(c, p.View, person)
	switch {
	case err != nil:
		return nil, err
	case !sent:
		return gen.PeopleEmailUpdateMandrillEmailFailed{Data: shown}, nil
	}
	return gen.PeopleEmailUpdateActionSuccessful{Data: shown}, nil
}

// UsersEmailChange gives the user of a link the address that the link was mailed to.
func (s *Server) UsersEmailChange(ctx context.Context, req gen.UsersEmailChangeRequestObject) (gen.UsersEmailChangeResponseObject, error) {
	c := callOf(ctx)
	link, user, app, err := s.checkLink(c, c.registry, req.Body.EmailToken, db.EmailChangeLink)
	switch {
	case err != nil:
		return nil, err
	case link == nil || !link.ByAdmin && (c.session == nil || c.session.UserID != link.UserID):
		return gen.InvalidEmailChangeLink{}, nil
	case linkExpired(link, user, c.now):
		return gen.EmailChangeLinkExpired{}, nil
	}
	c.concerns(user)
	err = s.changeEmail(c, link, app)
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case errors.Is(err, db.ErrLinkConsumed) || errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidEmailChangeLink{}, nil
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyRegistered{}, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersEmailChangeActionSuccessful{}, nil
}

// changeEmail consumes a link, and ends all sessions except the one that it needed. Links that undo earlier changes
// stay valid, unless an administrator made this change. The old address gets a link that undoes it.
func (s *Server) changeEmail(c *call, link *db.Link, app *db.Application) error {
	return s.change(c, func(ctx context.Context, tx bun.Tx) error {
		user, err := s.consumeEmailLink(ctx, tx, c, link)
		if err != nil {
			return err
		}
		except, keepBefore := int64(0), int64(0)
		if !link.ByAdmin {
			except, keepBefore = c.session.ID, math.MaxInt64
			if exists, err := db.SessionExists(ctx, tx, except); err != nil {
				return err
			} else if !exists {
				return errSignedOut
			}
		}
		before := *user
		user.EmailVerifiedAt = c.now
		if err := c.replaceEmail(ctx, tx, user, link, except, keepBefore); err != nil {
			return err
		}
		undo := &db.Link{
			Kind: db.EmailChangeUndoLink, UserID: user.ID, ApplicationID: app.ID, CreatedAt: c.now,
			Email: before.Email, EmailVerified: !before.EmailVerifiedAt.IsZero(),
		}
		address, err := s.newLink(ctx, tx, undo)
		if err != nil {
			return err
		}
		return s.queueAbout(ctx, tx, linkMails[undo.Kind], &before, app, c.mailFacts(address))
	})
}

// consumeEmailLink consumes a link of a user. It locks the user and returns them as they are now.
func (s *Server) consumeEmailLink(ctx context.Context, tx bun.Tx, c *call, link *db.Link) (*db.User, error) {
	if _, err := c.lockUser(ctx, tx, link.UserID); err != nil {
		return nil, err
	}
	if err := db.ConsumeLink(ctx, tx, link); err != nil {
		return nil, err
	}
	user := &db.User{ID: link.UserID}
	_, err := db.Find(ctx, tx, user)
	return user, err
}

// replaceEmail gives a user the address of a link, as admin.ReplaceEmail does.
func (c *call) replaceEmail(ctx context.Context, tx bun.Tx, user *db.User, link *db.Link, exceptSession, keepBefore int64) error {
	user.Email = link.Email
	return admin.ReplaceEmail(ctx, tx, user, exceptSession, c.now.Add(-linkLifetimes[db.EmailChangeUndoLink]), keepBefore)
}

// UsersEmailChangeUndo gives the user of a link the old address back.
//
// Links that undo earlier changes stay valid. A thief who changes the address twice gets the second such link, and
// cannot end the first one with it, which the owner has.
func (s *Server) UsersEmailChangeUndo(ctx context.Context, req gen.UsersEmailChangeUndoRequestObject) (
	gen.UsersEmailChangeUndoResponseObject, error,
) {
	c := callOf(ctx)
	link, user, _, err := s.checkLink(c, c.registry, req.Body.UndoToken, db.EmailChangeUndoLink)
	c.concerns(user)
	switch {
	case err != nil:
		return nil, err
	case link == nil:
		return gen.InvalidEmailChangeLink{}, nil
	case linkExpired(link, user, c.now):
		return gen.EmailChangeLinkExpired{}, nil
	}
	err = s.change(c, func(ctx context.Context, tx bun.Tx) error {
		user, err := s.consumeEmailLink(ctx, tx, c, link)
		if err != nil {
			return err
		}
		if user.EmailVerifiedAt = c.now; !link.EmailVerified {
			user.EmailVerifiedAt = time.Time{} // a click must not verify what a stranger may have registered
		}
		return c.replaceEmail(ctx, tx, user, link, 0, link.ID)
	})
	switch {
	case errors.Is(err, db.ErrLinkConsumed) || errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidEmailChangeLink{}, nil
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyRegistered{}, nil
	case err != nil:
		return nil, err
	}
	return gen.UsersEmailChangeUndoActionSuccessful{}, nil
}
