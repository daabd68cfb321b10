package mailer

import (
	"context"
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// mailboxSize is the number of mails that a Mailbox keeps.
const mailboxSize = 100

// Mailbox is the development mailbox: it keeps the latest mails in memory, serves them as a web page, and
// delivers nothing.
type Mailbox struct {
	mu    sync.Mutex
	mails []db.Mail // oldest first
}

// Send keeps the mail. It never fails.
func (m *Mailbox) Send(_ context.Context, mail *db.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, *mail)
	m.mails = m.mails[max(0, len(m.mails)-mailboxSize):]
	return nil
}

//go:embed dev_mailbox.html
var mailboxHTML string

var mailboxPage = template.Must(template.New("mailbox").Parse(mailboxHTML))

// ServeHTTP shows the mails, newest first. The Host of the request must be loopback, else the answer is 404:
// a web site whose name resolves to this machine must not read them.
func (m *Mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if !formats.IsLoopback(host) {
		http.NotFound(w, r)
		return
	}
	m.mu.Lock()
	mails := slices.Clone(m.mails)
	m.mu.Unlock()
	slices.Reverse(mails)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'")
	mailboxPage.Execute(w, mails)
}
