package mailer

import (
	"context"
	"errors"
	"net/mail"

	"github.com/planoauth/planoauth/db"
)

// Mailer sends mails.
type Mailer interface {
	// Send sends one stored mail, until ctx ends. An error that is ErrRejected is final.
	Send(ctx context.Context, m *db.Mail) error
}

// ErrRejected means that the mail will never be accepted.
var ErrRejected = errors.New("mail rejected")

// CheckSender accepts what MAIL_FROM may be: `Name <address>` or an address.
func CheckSender(from string) error {
	_, err := parseSender(from)
	return err
}

// parseSender parses MAIL_FROM: `Name <address>` or an address.
func parseSender(from string) (*mail.Address, error) {
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("MAIL_FROM must be an address or `Name <address>`")
	}
	return address, nil
}
