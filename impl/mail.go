package impl

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// Mailer hands a mail to whoever delivers it. An error that is errRejected is final; after any other the mail may be tried
// again.
type Mailer interface {
	Send(ctx context.Context, m *db.Mail) error
}

// errRejected means that this mail will never be accepted.
var errRejected = errors.New("the mail was rejected for good")

// mailTimeout is how long a mail may take inside a request.
const mailTimeout = 5 * time.Second

// Each file of mails is one kind of mail, with the blocks subject, text and html.
//
//go:embed mails/*.tmpl
var mailFiles embed.FS

// mailFacts is what the mails may tell.
type mailFacts struct {
	User        *db.User
	Application *db.Application
	Session     *db.Session
	At          string
}

func (s *Server) welcomeMail(c *call, user *db.User, app *db.Application) (*db.Mail, error) {
	return s.writeMail(c, "welcome", mailFacts{User: user, Application: app})
}

func (s *Server) signInMail(c *call, session *db.Session, app *db.Application) (*db.Mail, error) {
	return s.writeMail(c, "sign_in", mailFacts{User: &session.User, Application: app, Session: session})
}

func (s *Server) passwordSetMail(c *call, user *db.User, app *db.Application) (*db.Mail, error) {
	return s.writeMail(c, "password_set", mailFacts{User: user, Application: app})
}

func (s *Server) writeMail(c *call, kind string, facts mailFacts) (*db.Mail, error) {
	facts.At = c.now.Format("2 January 2006, 15:04 UTC")
	files := []string{"mails/layout.tmpl", "mails/" + kind + ".tmpl"}
	text, err := texttemplate.ParseFS(mailFiles, files...)
	if err != nil {
		return nil, err
	}
	html, err := htmltemplate.ParseFS(mailFiles, files...)
	if err != nil {
		return nil, err
	}
	var subject, textBody, htmlBody bytes.Buffer
	err = errors.Join(
		text.ExecuteTemplate(&subject, "subject", facts),
		text.ExecuteTemplate(&textBody, "text", facts),
		html.ExecuteTemplate(&htmlBody, "layout", facts))
	return &db.Mail{
		Kind: kind, ToEmail: facts.User.Email, ToName: strings.TrimSpace(facts.User.FirstName + " " + facts.User.LastName),
		Subject: strings.TrimSpace(subject.String()), TextBody: strings.TrimSpace(textBody.String()) + "\n", HTMLBody: htmlBody.String(),
		CreatedAt: c.now,
	}, err
}

// queueMail saves a mail in the transaction of what it tells, together with the job that sends it if nothing else does.
func (j *jobs) queueMail(ctx context.Context, tx bun.Tx, m *db.Mail) error {
	if _, err := tx.NewInsert().Model(m).Returning("id").Exec(ctx); err != nil {
		return err
	}
	return j.insertMail(ctx, tx, m)
}

// deliver tries once, within the request, to send a mail that is queued. It is false when that failed, whatever is tried
// later.
func (s *Server) deliver(c *call, m *db.Mail) bool {
	operation := c.op.ID
	err := s.send(c.req.Context(), m)
	if err == nil {
		return true
	}
	s.Log.Warn("a mail could not be sent", "request_id", c.id, "operation", operation, "mail", m.ID, "kind", m.Kind, "cause", err.Error())
	s.notify(c.req.Context(), db.Notification{
		Kind: "mandrill-email-failed", Operation: operation, RequestID: c.id,
		Message: fmt.Sprintf("Mail %d (%s) could not be sent: %v", m.ID, m.Kind, err),
	})
	return false
}

// send hands a queued mail to the mailer and writes down what came of it. The caller's going away does not stop it.
func (s *Server) send(ctx context.Context, m *db.Mail) error {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
	defer cancel()
	failed := s.Mailer.Send(sending, m)
	switch {
	case failed == nil:
		m.SentAt = s.Now()
	case errors.Is(failed, errRejected):
		m.FailedAt = s.Now()
	default:
		return failed
	}
	_, err := s.DB.NewUpdate().Model(m).Column("sent_at", "failed_at").WherePK().Exec(context.WithoutCancel(ctx))
	if failed != nil {
		return failed
	}
	if err != nil {
		s.Log.Error("a mail was sent but could not be marked so", "mail", m.ID, "cause", err.Error())
	}
	return nil
}

// parseSender reads MAIL_FROM: `Name <address>` or an address.
func parseSender(from string) (*mail.Address, error) {
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("MAIL_FROM must be an address or `Name <address>`")
	}
	return address, nil
}
