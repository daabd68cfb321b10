package impl

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
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

// markTimeout is how long it may then take to write down what came of it.
const markTimeout = 10 * time.Second

// Each file of mails is one kind of mail, with the blocks subject, text and html, and where it has a link, label; layout.tmpl
// is around all html, and has the button.
//
//go:embed mails/*.tmpl
var mailFiles embed.FS

// mailTemplate is one kind of mail, parsed twice: as text, and as HTML with its escaping.
type mailTemplate struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// mailFacts is all that a mail may tell.
type mailFacts struct {
	FirstName, Email, Application string

	Time          time.Time // of the request that it is about
	IP, UserAgent string    // of that request
	Link          string    // "" in mails without one
}

// At is the time of the request, for a person.
func (f mailFacts) At() string { return f.Time.UTC().Format("2 January 2006, 15:04 UTC") }

// facts are those of this request.
func (c *call) facts(link string) mailFacts {
	return mailFacts{Time: c.now, IP: c.ip, UserAgent: userAgent(c.req), Link: link}
}

func mailTemplates() (map[string]mailTemplate, error) {
	mails := map[string]mailTemplate{}
	names, err := fs.Glob(mailFiles, "mails/*.tmpl")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		kind := strings.TrimSuffix(path.Base(name), ".tmpl")
		if kind == "layout" {
			continue
		}
		files := []string{"mails/layout.tmpl", name}
		text, err := texttemplate.ParseFS(mailFiles, files...)
		if err != nil {
			return nil, err
		}
		html, err := htmltemplate.ParseFS(mailFiles, files...)
		if err != nil {
			return nil, err
		}
		mails[kind] = mailTemplate{text, html}
	}
	return mails, nil
}

// writeMail writes a mail of this kind to a user. It is not saved yet.
func (s *Server) writeMail(kind string, user *db.User, app *db.Application, facts mailFacts) (*db.Mail, error) {
	facts.FirstName, facts.Email, facts.Application = user.FirstName, user.Email, app.Name
	m := &db.Mail{Kind: kind, ToEmail: user.Email, ToName: strings.TrimSpace(user.FirstName + " " + user.LastName), CreatedAt: facts.Time}
	var err error
	m.Subject, m.TextBody, m.HTMLBody, err = s.mails[kind].write(facts)
	return m, err
}

// write fills the facts in. What people call themselves and their things stays on one line, wherever it came from, and a device
// that calls itself by a URL is not told of: strangers may have chosen it.
func (t mailTemplate) write(facts mailFacts) (subject, text, html string, _ error) {
	for _, fact := range []*string{&facts.FirstName, &facts.Application, &facts.UserAgent} {
		*fact = strings.Join(strings.Fields(*fact), " ")
	}
	if formats.ContainsURL(withoutDigits.Replace(facts.UserAgent)) { // or a version would be taken for an address
		facts.UserAgent = "a device of another name"
	}
	var buffers [3]bytes.Buffer
	err := errors.Join(
		t.text.ExecuteTemplate(&buffers[0], "subject", facts),
		t.text.ExecuteTemplate(&buffers[1], "text", facts),
		t.html.ExecuteTemplate(&buffers[2], "layout", facts))
	return buffers[0].String(), strings.TrimSpace(buffers[1].String()) + "\n", buffers[2].String(), err
}

var withoutDigits = strings.NewReplacer("0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "")

// tell queues a mail that no answer waits for.
func (s *Server) tell(ctx context.Context, tx bun.Tx, c *call, kind string, user *db.User, app *db.Application) error {
	notice, err := s.writeMail(kind, user, app, c.facts(""))
	if err != nil {
		return err
	}
	return s.queueMail(ctx, tx, notice, 0)
}

// queueMail saves a mail in the transaction of what it tells, together with the job that sends it. The job waits for a while
// if the request itself will deliver the mail: then it is there for what fails.
func (s *Server) queueMail(ctx context.Context, tx bun.Tx, m *db.Mail, wait time.Duration) error {
	if _, err := tx.NewInsert().Model(m).Exec(ctx); err != nil {
		return err
	}
	_, err := s.queue.insert.InsertTx(ctx, tx.Tx, sendMail{Mail: m.ID}, &river.InsertOpts{
		MaxAttempts: 100, // the age of the mail ends it
		ScheduledAt: m.CreatedAt.Add(wait),
	})
	return err
}

// deliver tries once, within the request, to send a mail that is queued. It is false when that failed, whatever is tried
// later.
func (s *Server) deliver(c *call, m *db.Mail) bool {
	err := s.send(c.req.Context(), m)
	if err == nil {
		return true
	}
	s.Log.Warn("a mail could not be sent", "request_id", c.id, "operation", c.op.ID, "mail", m.ID, "kind", m.Kind, "cause", err.Error())
	s.notify(c.req.Context(), db.Notification{
		Kind: "mandrill-email-failed", Operation: c.op.ID, RequestID: c.id,
		Message: fmt.Sprintf("Mail %d (%s) could not be sent: %v", m.ID, m.Kind, err),
	})
	return false
}

// finishMail writes down that a mail was sent or given up. Its bodies go, for they may hold a link, which nothing but a mail
// that waits may.
func (s *Server) finishMail(ctx context.Context, m *db.Mail) error {
	m.TextBody, m.HTMLBody = "", ""
	_, err := s.DB.NewUpdate().Model(m).Column("sent_at", "failed_at", "text_body", "html_body").WherePK().Exec(ctx)
	return err
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
	marking, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	err := s.finishMail(marking, m)
	if failed != nil {
		return failed
	}
	if err != nil {
		s.Log.Error("a mail was sent but could not be marked so", "mail", m.ID, "cause", err.Error())
	}
	return nil
}
