package impl

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

// linkRefusal is an outcome of both operations that request a link.
type linkRefusal interface {
	gen.SessionsMagicLinkRequestResponseObject
	gen.UsersPasswordResetRequestResponseObject
}

// requestLink mails a link to the user of an e-mail address, and reports whether the mail was sent. With
// opaque answers a job does everything that depends on whether a user has the address.
func (s *Server) requestLink(c *call, kind db.LinkKind, email, application, redirectURL string) (sent bool, _ linkRefusal, _ error) {
	app, wrong := c.application(application, redirectURL)
	if kind == db.MagicLink && app != nil && redirectURL == "" && app.URL == "" {
		wrong = append(wrong, redirectMissing...)
	}
	if len(wrong) > 0 {
		return false, gen.InvalidParam{Errors: wrong}, nil
	}
	found, err := s.linkAccount(c, formats.NormalizeEmail(email), app)
	if err != nil {
		return false, nil, err
	}
	if wait := found.wait(c.now); wait > 0 {
		return false, c.rateLimited(wait), nil
	}
	request := linkRequest{
		LinkKind: kind, Email: found.email, Application: app.ID, RedirectURL: redirectURL,
		Time: c.now, IP: c.ip, UserAgent: userAgent(c.req), Language: web.LanguageOf(c.req), Known: found.Known,
	}
	mail, err := s.saveLinkRequest(c, found, app, request)
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
	case found.User == nil && !s.Settings.opaque():
		return false, gen.EmailNotFound{}, nil
	}
	return mail == nil || s.deliver(c, mail), nil, nil
}

// errExhausted rolls back a request beyond the limit.
var errExhausted = errors.New("the attempts are exhausted")

// saveLinkRequest counts a request for a link and saves the link with its mail, which it returns. With opaque answers
// it saves a job that makes both instead.
func (s *Server) saveLinkRequest(c *call, found *account, app *db.Application, request linkRequest) (mail *db.Mail, _ error) {
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		within, err := s.count(ctx, tx, found, c.now)
		switch {
		case err != nil:
			return err
		case !within:
			return errExhausted
		case s.Settings.opaque():
			return s.queueLink(ctx, tx, request)
		case found.User == nil:
			c.recordNothing()
			return nil
		}
		mail, err = s.mailLink(ctx, tx, found.User, app, request, s.Settings.MailPause)
		return err
	})
	return mail, err
}

// linkMails are the mails that contain the links.
var linkMails = map[db.LinkKind]mailer.Kind{
	db.MagicLink: mailer.MagicLink, db.ResetLink: mailer.PasswordReset, db.VerificationLink: mailer.Verification,
	db.InvitationLink: mailer.Invitation, db.EmailChangeLink: mailer.EmailChange, db.EmailChangeUndoLink: mailer.EmailChanged,
}

// mailLink creates a link and queues its mail. The pause is that of queueMail.
func (s *Server) mailLink(
	ctx context.Context, tx bun.Tx, user *db.User, app *db.Application, request linkRequest, pause time.Duration,
) (mail *db.Mail, err error) {
	link := request.link(user)
	address, err := s.newLink(ctx, tx, link)
	if err != nil {
		return nil, err
	}
	kind := linkMails[request.LinkKind]
	if request.ByAdmin {
		kind = mailer.EmailChangeByAdmin
	}
	if mail, err = s.mails.Write(kind, request.recipient(user), app, request.mailFacts(address)); err != nil {
		return nil, err
	}
	return mail, s.queueMail(ctx, tx, mail, pause)
}

// linkRequest is a request to mail a link. With opaque answers it is also the job that does so: the request
// then does the same for every e-mail address, and only the job looks up whether a user has it.
type linkRequest struct {
	LinkKind    db.LinkKind  `json:"kind"`
	Email       string       `json:"email"`
	Application int64        `json:"application"`
	RedirectURL string       `json:"redirect_url"`
	Time        time.Time    `json:"time"`
	IP          string       `json:"ip"`
	UserAgent   string       `json:"user_agent"`
	Language    web.Language `json:"language"`
	Known       bool         `json:"known"` // whether the user has signed in from the network of the request

	User    int64 `json:"user,omitempty"`     // who asked for the address; 0 if it is the user's already
	ByAdmin bool  `json:"by_admin,omitempty"` // whether an administrator asked for it
}

// Kind returns the name of the job in the queue.
func (linkRequest) Kind() string { return "mail_link" }

// mailFacts describe the request in the mail that brings the link.
func (r linkRequest) mailFacts(link string) mailer.Facts {
	return mailer.Facts{Time: r.Time, IP: r.IP, UserAgent: r.UserAgent, Language: r.Language, Link: link}
}

// link returns the link that the request makes for a user, without its token.
func (r linkRequest) link(user *db.User) *db.Link {
	link := &db.Link{
		Kind: r.LinkKind, UserID: user.ID, ApplicationID: r.Application, RedirectURL: r.RedirectURL, CreatedAt: r.Time,
		KnownAddress: r.Known, ByAdmin: r.ByAdmin,
	}
	if r.User != 0 {
		link.Email = r.Email
	}
	return link
}

// recipient returns the user that the mail with the link goes to. A mail to a new address has no name: whoever has that
// address may be a stranger.
func (r linkRequest) recipient(user *db.User) *db.User {
	if r.User == 0 {
		return user
	}
	return &db.User{ID: user.ID, Email: r.Email, Locale: user.Locale}
}

func (s *Server) queueLink(ctx context.Context, tx bun.Tx, request linkRequest) error {
	_, err := s.jobInserter.InsertTx(ctx, tx.Tx, request, nil)
	return err
}

type linkWorker struct {
	river.WorkerDefaults[linkRequest]
	server *Server
}

// Work creates the link and queues its mail.
func (w *linkWorker) Work(ctx context.Context, job *river.Job[linkRequest]) error {
	err := w.server.mailRequestedLink(ctx, job.Args)
	if err != nil {
		w.server.Log.Warn("creating a requested link failed", "kind", job.Args.LinkKind, "attempt", job.Attempt, "cause", err.Error())
	}
	return err
}

// linkUser returns the user that a request concerns: the one who has the address, or the one who wants it. It is nil if
// nobody has the address, or if a wanted one belongs to somebody else.
func (s *Server) linkUser(ctx context.Context, request linkRequest) (*db.User, error) {
	user, err := s.DB.UserByEmail(ctx, request.Email)
	switch {
	case err != nil:
		return nil, err
	case request.User == 0:
		return user, nil
	case user != nil:
		return nil, nil
	}
	return s.DB.UserByID(ctx, request.User)
}

// mailRequestedLink does nothing if linkUser finds nobody, or if the link would have expired by now.
func (s *Server) mailRequestedLink(ctx context.Context, request linkRequest) error {
	if s.Now().Sub(request.Time) >= linkLifetimes[request.LinkKind] {
		return nil
	}
	user, err := s.linkUser(ctx, request)
	if user == nil || err != nil {
		return err
	}
	app := s.registry.newest.Load().appsByID[request.Application]
	if app == nil {
		return nil
	}
	err = s.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := db.LockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if done, err := db.LinkRequested(ctx, tx, request.link(user)); done || err != nil {
			return err // the job runs again, because its server died when it had just done this
		}
		_, err := s.mailLink(ctx, tx, user, app, request, 0)
		return err
	})
	if errors.Is(err, db.ErrPreconditionFailed) || db.Violates(err, db.LinksUserIDFkey) || db.Violates(err, db.LinksApplicationIDFkey) {
		return nil
	}
	return err
}
