package impl

import (
	"context"
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// mailboxSize is how many mails the mailbox keeps.
const mailboxSize = 100

// Mailbox keeps mails in memory, for a developer to read at /dev/mail. It delivers nothing.
type Mailbox struct {
	mu    sync.Mutex
	mails []db.Mail // oldest first
}

// Send keeps the mail.
func (m *Mailbox) Send(_ context.Context, mail *db.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, *mail)
	m.mails = m.mails[max(0, len(m.mails)-mailboxSize):]
	return nil
}

//go:embed pages/mailbox.html
var mailboxText string

var mailboxPage = template.Must(template.New("mailbox").Parse(mailboxText))

// show lists the mails, newest first, to a browser on this machine: the Host of the request must be loopback, so that a
// foreign name that points here shows nothing.
func (m *Mailbox) show(ec echo.Context) error {
	host, _, err := net.SplitHostPort(ec.Request().Host)
	if err != nil {
		host = ec.Request().Host
	}
	if !formats.IsLoopback(host) {
		return echo.ErrNotFound
	}
	m.mu.Lock()
	mails := slices.Clone(m.mails)
	m.mu.Unlock()
	slices.Reverse(mails)
	header := ec.Response().Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'")
	ec.Response().WriteHeader(http.StatusOK)
	return mailboxPage.Execute(ec.Response(), mails)
}
