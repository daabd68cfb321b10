package impl

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/token"
)

// linkPaths are where the pages behind the links are.
var linkPaths = map[db.LinkKind]string{db.MagicLink: "/magic", db.ResetLink: "/reset", db.VerificationLink: "/verify"}

// linkURL is what is mailed: the address of a page of PlanoAuth's own.
func (s *Server) linkURL(kind db.LinkKind, token string) string {
	return s.Settings.PublicURL + linkPaths[kind] + "?token=" + url.QueryEscape(token)
}

// findLink returns the unconsumed link of a kind by its token, whatever its age. It is nil if there is none.
func (s *Server) findLink(ctx context.Context, kind db.LinkKind, text string) (*db.Link, error) {
	if !token.WellFormed(text, token.Link) {
		return nil, nil
	}
	digest := token.Digest(text)
	return db.LinkByToken(ctx, s.DB, kind, digest[:])
}

// newLink creates a link, in place of an older one of the user and kind, and returns its URL. The redirect URL must have been
// checked. It returns db.ErrSuperseded if there is a link that is not older.
func (s *Server) newLink(ctx context.Context, tx bun.Tx, link *db.Link) (address string, _ error) {
	text, digest := token.New(token.Link)
	link.TokenDigest = digest[:]
	return s.linkURL(link.Kind, text), db.ReplaceLink(ctx, tx, link)
}

// linkRefusal is an outcome that both operations list.
type linkRefusal interface {
	gen.SessionsMagicLinkRequestResponseObject
	gen.UsersPasswordResetRequestResponseObject
}

// requestLink mails a link to the user of an e-mail address, and tells whether the mail was sent. Where answers must not tell
// who has an account, everything that depends on that is left to a job.
func (s *Server) requestLink(c *call, kind db.LinkKind, email, application, redirectURL string) (sent bool, _ linkRefusal, _ error) {
	app, wrong := c.application(application, redirectURL)
	if kind == db.MagicLink && app != nil && redirectURL == "" && app.URL == "" {
		wrong = append(wrong, redirectMissing...)
	}
	if len(wrong) > 0 {
		return false, gen.InvalidParam{Errors: wrong}, nil
	}
	found, err := s.account(c, formats.NormalizeEmail(email), s.linkLimit)
	if err != nil {
		return false, nil, err
	}
	if wait := found.wait(c.now); wait > 0 {
		return false, c.rateLimited(wait), nil
	}
	request := linkRequest{kind, found.email, app.ID, redirectURL, c.now, c.ip, userAgent(c.req)}
	mail, err := s.takeLinkRequest(c, found, app, request)
	switch {
	case db.Violates(err, db.LinksApplicationIDFkey):
		return false, gen.InvalidParam{Errors: noApplication}, nil
	case db.Violates(err, db.LinksUserIDFkey):
		return false, gen.EmailNotFound{}, nil
	case errors.Is(err, errExhausted):
		limited, err := s.exhausted(c, found)
		return false, limited, err
	case err != nil:
		return false, nil, err
	case found.User == nil && !s.opaque():
		return false, gen.EmailNotFound{}, nil
	}
	return mail == nil || s.deliver(c, mail), nil, nil
}

// errExhausted rolls back what is one too many.
var errExhausted = errors.New("the tries are exhausted")

// takeLinkRequest counts a request for a link, and saves what comes of it: the link and its mail, which is returned, or the job
// that makes them.
func (s *Server) takeLinkRequest(c *call, found *account, app *db.Application, request linkRequest) (mail *db.Mail, _ error) {
	err := s.DB.RunInTx(c.req.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		within, err := found.count(ctx, tx, c.now)
		switch {
		case err != nil:
			return err
		case !within:
			return errExhausted
		case s.opaque():
			return s.queueLink(ctx, tx, request)
		case found.User == nil:
			return nil
		}
		mail, err = s.mailLink(ctx, tx, found.User, app, request, s.Settings.MailPause)
		if errors.Is(err, db.ErrSuperseded) {
			return nil // which is mailed, or has been; but this one counts
		}
		return err
	})
	return mail, err
}

// linkMails are the kinds of the mails that bring the links.
var linkMails = map[db.LinkKind]mailer.Kind{db.MagicLink: mailer.MagicLink, db.ResetLink: mailer.PasswordReset}

// mailLink makes a link and queues its mail.
func (s *Server) mailLink(ctx context.Context, tx bun.Tx, user *db.User, app *db.Application, request linkRequest, pause time.Duration) (mail *db.Mail, err error) {
	link := &db.Link{Kind: request.LinkKind, UserID: user.ID, ApplicationID: app.ID, RedirectURL: request.RedirectURL, CreatedAt: request.Time}
	address, err := s.newLink(ctx, tx, link)
	if err != nil {
		return nil, err
	}
	if mail, err = s.mails.Write(linkMails[request.LinkKind], user, app, request.mailFacts(address)); err != nil {
		return nil, err
	}
	return mail, s.queueMail(ctx, tx, mail, pause)
}

// judgeLink finds an unused link with its user and its application. All are nil when any of them is not there.
func (s *Server) judgeLink(ctx context.Context, r *registry, kind db.LinkKind, token string) (*db.Link, *db.User, *db.Application, error) {
	link, err := s.findLink(ctx, kind, token)
	if link == nil || err != nil {
		return nil, nil, nil, err
	}
	user, err := s.DB.UserByID(ctx, link.UserID)
	app := r.appsByID[link.ApplicationID]
	if user == nil || app == nil || err != nil {
		return nil, nil, nil, err
	}
	return link, user, app, nil
}
