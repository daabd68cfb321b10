package impl

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/token"
)

// The kinds of mailed links, as the table has them.
const (
	magicLink        = "magic"
	resetLink        = "reset"
	verificationLink = "verification"
)

// linkPaths are where the pages behind the links are.
var linkPaths = map[string]string{magicLink: "/magic", resetLink: "/reset", verificationLink: "/verify"}

// linkURL is what is mailed: the address of a page of PlanoAuth's own.
func (s *Server) linkURL(kind, token string) string {
	return s.Settings.PublicURL + linkPaths[kind] + "?token=" + url.QueryEscape(token)
}

// findLink finds an unused link of this kind by its token, whatever its age. It is nil when there is none.
func (s *Server) findLink(ctx context.Context, kind, text string) (*db.Link, error) {
	if !token.WellFormed(text, token.Link) {
		return nil, nil
	}
	link, digest := &db.Link{}, token.Digest(text)
	err := s.DB.NewSelect().Model(link).Where("token_digest = ? AND kind = ?", digest[:], kind).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return link, err
}

// errUsed means that another request was quicker to use the link.
var errUsed = errors.New("the link was used")

// errNewer means that the user has a link by now that was asked for later, or by this very job before its server died.
var errNewer = errors.New("there is a newer link")

// newLink makes a link for a user, in the place of an older one of its kind, and returns what to mail. Its redirect URL must
// have been judged. It is errNewer, and nothing is made, when there is one that is not older.
func (s *Server) newLink(ctx context.Context, tx bun.Tx, link *db.Link) (address string, _ error) {
	text, digest := token.New(token.Link)
	link.TokenDigest = digest[:]
	made, err := changedOne(tx.NewInsert().Model(link).On("CONFLICT ON CONSTRAINT links_user_kind_key DO UPDATE").
		Set("application_id = EXCLUDED.application_id, redirect_url = EXCLUDED.redirect_url").
		Set("token_digest = EXCLUDED.token_digest, created_at = EXCLUDED.created_at").
		Where("link.created_at < EXCLUDED.created_at").Returning("id").Exec(ctx))
	if err == nil && !made {
		return "", errNewer
	}
	return s.linkURL(link.Kind, text), err
}

// useLink uses a link up. It is errUsed when that has been done since the link was found.
func useLink(ctx context.Context, tx bun.Tx, link *db.Link) error {
	used, err := changedOne(tx.NewDelete().Model(link).Where("token_digest = ?", link.TokenDigest).Exec(ctx))
	if err == nil && !used {
		return errUsed
	}
	return err
}

// linkRefusal is an outcome that both operations list.
type linkRefusal interface {
	gen.SessionsMagicLinkRequestResponseObject
	gen.UsersPasswordResetRequestResponseObject
}

// requestLink mails a link to the user of an e-mail address, and tells whether the mail was sent. Where answers must not tell
// who has an account, everything that depends on that is left to a job.
func (s *Server) requestLink(c *call, kind, email, application, redirectURL string) (sent bool, _ linkRefusal, _ error) {
	app, wrong := c.application(application, redirectURL)
	if kind == magicLink && app != nil && redirectURL == "" && app.URL == "" {
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
	case violates(err, "links_application_id_fkey"):
		return false, gen.InvalidParam{Errors: noApplication}, nil
	case violates(err, "links_user_id_fkey"):
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
		if errors.Is(err, errNewer) {
			return nil // which is mailed, or has been; but this one counts
		}
		return err
	})
	return mail, err
}

// linkMails are the kinds of the mails that bring the links.
var linkMails = map[string]string{magicLink: "magic_link", resetLink: "password_reset"}

// mailLink makes a link and queues its mail.
func (s *Server) mailLink(ctx context.Context, tx bun.Tx, user *db.User, app *db.Application, request linkRequest, pause time.Duration) (mail *db.Mail, err error) {
	link := &db.Link{Kind: request.LinkKind, UserID: user.ID, ApplicationID: app.ID, RedirectURL: request.RedirectURL, CreatedAt: request.Time}
	facts := request.facts()
	if facts.Link, err = s.newLink(ctx, tx, link); err != nil {
		return nil, err
	}
	if mail, err = s.writeMail(linkMails[request.LinkKind], user, app, facts); err != nil {
		return nil, err
	}
	return mail, s.queueMail(ctx, tx, mail, pause)
}

// proveAddress notes that the user has shown the address to be theirs by a link. The first time, it ends what a stranger may
// have left who registered the address: sessions, remember_me and the Google account.
func proveAddress(ctx context.Context, tx bun.Tx, c *call, user *db.User) (first bool, _ error) {
	first, err := changedOne(tx.NewUpdate().Model(user).Set("email_verified_at = ?, remember_me = false, google_subject = NULL", c.now).
		WherePK().Where("email_verified_at IS NULL").Exec(ctx))
	if err != nil || !first {
		return false, err
	}
	user.EmailVerifiedAt, user.RememberMe, user.GoogleSubject = c.now, false, ""
	if _, err := tx.NewDelete().Table("known_addresses").Where("user_id = ?", user.ID).Exec(ctx); err != nil {
		return true, err
	}
	return true, endSessions(ctx, tx, user, 0)
}

// endSessions signs a user out, save from one session.
func endSessions(ctx context.Context, tx bun.Tx, user *db.User, save int64) error {
	_, err := tx.NewDelete().Model((*db.Session)(nil)).Where("user_id = ? AND id <> ?", user.ID, save).Exec(ctx)
	return err
}

// judgeLink finds an unused link with its user and its application. All are nil when any of them is not there.
func (s *Server) judgeLink(ctx context.Context, r *registry, kind, token string) (*db.Link, *db.User, *db.Application, error) {
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
