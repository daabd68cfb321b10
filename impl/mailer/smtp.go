package mailer

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// smtpStepTimeout limits the connect, and each later step of a session such as the greeting.
const smtpStepTimeout = 5 * time.Second

// SMTP sends mails through an SMTP server. On another machine, the server must offer TLS.
type SMTP struct {
	host           string
	port           int
	tls            bool   // implicit TLS instead of STARTTLS
	user, password string // "" for servers without authentication
	from           *mail.Address
	domain         string // of the sender
}

var errSMTPURL = errors.New("SMTP_URL must be smtp://user:password@host:port, or smtps:// for implicit TLS; " +
	"special characters in user and password must be percent-encoded")

// NewSMTP returns a mailer that uses the server of an smtp:// or smtps:// URL; from is MAIL_FROM. Its errors
// never repeat the URL, which contains a password.
func NewSMTP(address, from string) (*SMTP, error) {
	sender, err := parseSender(from)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errSMTPURL
	}
	s := &SMTP{host: u.Hostname(), from: sender, user: u.User.Username(), domain: sender.Address[strings.LastIndex(sender.Address, "@")+1:]}
	s.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		s.port = gomail.DefaultPortTLS
	case "smtps":
		s.port, s.tls = gomail.DefaultPortSSL, true
	default:
		return nil, errSMTPURL
	}
	if u.Port() != "" {
		s.port, err = strconv.Atoi(u.Port())
	}
	if err != nil || s.port < 1 || s.port > 65535 || (s.user == "") != (s.password == "") {
		return nil, errSMTPURL
	}
	return s, nil
}

// Send sends one mail over a new connection, which is closed when ctx ends.
func (s *SMTP) Send(ctx context.Context, queued *db.Mail) error {
	var conn net.Conn
	dial := func(dialing context.Context, network, address string) (_ net.Conn, err error) {
		if conn, err = new(net.Dialer).DialContext(dialing, network, address); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { conn.Close() }) // the library has timeouts for single steps only
		if s.tls {
			return tls.Client(conn, &tls.Config{ServerName: s.host}), nil
		}
		return conn, nil
	}
	client, err := gomail.NewClient(s.host, s.options(dial)...)
	if err != nil {
		return err
	}
	message := s.message(queued)
	err = client.DialAndSendWithContext(ctx, message)
	if conn != nil {
		conn.Close() // the library leaves it open when the greeting is a refusal
	}
	if err == nil || message.IsDelivered() {
		return nil // the server accepted the mail, whatever failed after that
	}
	return smtpError(ctx, err)
}

// options require TLS unless the server is on this machine.
func (s *SMTP) options(dial gomail.DialContextFunc) []gomail.Option {
	policy := gomail.TLSMandatory
	switch {
	case s.tls:
		policy = gomail.NoTLS // the connection is a TLS connection already
	case formats.IsLoopback(strings.ToLower(s.host)):
		policy = gomail.TLSOpportunistic
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTLSPolicy(policy), gomail.WithTimeout(smtpStepTimeout), gomail.WithDialContextFunc(dial),
		gomail.WithHELO(s.domain),
		gomail.WithoutSMTPUTF8(), // addresses are ASCII, and a later server may not support it
	}
	if s.user != "" {
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

// message returns the mail with both bodies. Its Message-ID is the same in each attempt, so that mailboxes
// recognize duplicates.
func (s *SMTP) message(queued *db.Mail) *gomail.Msg {
	m := gomail.NewMsg()
	m.FromMailAddress(s.from)
	m.ToMailAddress(&mail.Address{Name: queued.ToName, Address: queued.ToEmail})
	m.Subject(queued.Subject)
	m.SetDateWithValue(queued.CreatedAt)
	id := sha256.Sum256(fmt.Append(nil, queued.ID, queued.CreatedAt.UnixMilli(), queued.ToEmail))
	m.SetMessageIDWithValue(fmt.Sprintf("%x@%s", id[:16], s.domain))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: prevents automatic replies
	m.SetBodyString(gomail.TypeTextPlain, queued.TextBody)
	m.AddAlternativeString(gomail.TypeTextHTML, queued.HTMLBody)
	return m
}

// smtpError describes a failure without the server's text, which may repeat the mail. The codes 550 to 559 in
// reply to RCPT TO or to the message are ErrRejected. Other refusals are about the sender, the authentication
// or the session.
func smtpError(ctx context.Context, err error) error {
	var sending *gomail.SendError
	var answer *textproto.Error
	var malformed textproto.ProtocolError
	switch {
	case ctx.Err() != nil:
		return errors.New("the SMTP server did not answer in time")
	case errors.As(err, &sending):
		code := sending.ErrorCode()
		aboutMail := sending.Reason == gomail.ErrSMTPRcptTo || sending.Reason == gomail.ErrSMTPData || sending.Reason == gomail.ErrSMTPDataClose
		if code/10 == 55 && aboutMail {
			return fmt.Errorf("%w: %v: the SMTP server answered %d", ErrRejected, sending.Reason, code)
		}
		if code == 0 {
			return fmt.Errorf("%v: the connection was lost", sending.Reason)
		}
		return fmt.Errorf("%v: the SMTP server answered %d", sending.Reason, code)
	case errors.As(err, &answer):
		return fmt.Errorf("the SMTP server answered %d before the mail was sent", answer.Code)
	case errors.As(err, &malformed):
		return errors.New("the SMTP server's answer is malformed")
	}
	return fmt.Errorf("the SMTP session failed: %w", err)
}
