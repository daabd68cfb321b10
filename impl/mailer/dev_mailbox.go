package mailer

import (
	"context"
	"slices"
	"sync"

	"github.com/planoauth/planoauth/db"
)

// MailboxSize is the number of mails that a Mailbox keeps.
const MailboxSize = 100

// Mailbox is the development mailbox: it keeps the latest mails in memory, and delivers nothing.
type Mailbox struct {
	mu    sync.Mutex
	mails []db.Mail // oldest first
}

// Send keeps the mail. It never fails.
func (m *Mailbox) Send(_ context.Context, mail *db.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, *mail)
	m.mails = m.mails[max(0, len(m.mails)-MailboxSize):]
	return nil
}

// Mails returns the mails, newest first.
func (m *Mailbox) Mails() []db.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	mails := slices.Clone(m.mails)
	slices.Reverse(mails)
	return mails
}
