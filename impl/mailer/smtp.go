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
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

const (
	smtpConnectTimeout = time.Minute
	// smtpStepTimeout limits each step of a session, such as the greeting. RFC 5321 4.5.3.2 asks for ten
	// minutes for the longest step: an answer to the end of a message that is not awaited means a second mail.
	smtpStepTimeout = 10 * time.Minute
	smtpQuitTimeout = 5 * time.Second // when the mail is delivered
)

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
	keepOpen := func() bool { return true }
	dial := func(dialing context.Context, network, _ string) (_ net.Conn, err error) {
		address := net.JoinHostPort(s.host, strconv.Itoa(s.port)) // the library's has no brackets around an IPv6 address
		if conn, err = (&net.Dialer{Timeout: smtpConnectTimeout}).DialContext(dialing, network, address); err != nil {
			return nil, err
		}
		keepOpen = context.AfterFunc(ctx, func() { conn.Close() })
		if s.tls {
			return tls.Client(steppedConn{conn}, &tls.Config{ServerName: s.host}), nil
		}
		return steppedConn{conn}, nil
	}
	client, err := gomail.NewClient(s.host, s.options(dial)...)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		err = s.transmit(session, queued)
	}
	if err != nil && conn != nil {
		conn.Close()
	}
	if err != nil {
		return smtpError(ctx, err)
	}
	keepOpen()
	go s.quit(session, conn) // the mail is delivered, whatever the server does now
	return nil
}

// transmit hands one mail over. It returns nil once the server has accepted the mail.
func (s *SMTP) transmit(session *smtp.Client, queued *db.Mail) error {
	if err := session.Mail(s.from.Address); err != nil {
		return &smtpStepError{"MAIL FROM", false, err}
	}
	if err := session.Rcpt(queued.ToEmail); err != nil {
		return &smtpStepError{"RCPT TO", true, err}
	}
	body, err := session.Data()
	if err != nil {
		return &smtpStepError{"DATA", true, err}
	}
	if _, err := s.message(queued).WriteTo(body); err != nil {
		return &smtpStepError{"writing the message", false, err}
	}
	if err := body.Close(); err != nil {
		return &smtpStepError{"the end of the message", true, err}
	}
	return nil
}

// quit ends a session.
func (*SMTP) quit(session *smtp.Client, conn net.Conn) {
	defer conn.Close()
	time.AfterFunc(smtpQuitTimeout, func() { conn.Close() })
	_ = session.Quit()
}

// steppedConn gives each answer and each write a time of its own. It ignores the deadlines of the library,
// which are for several steps together.
type steppedConn struct{ net.Conn }

func (c steppedConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(smtpStepTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c steppedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(smtpStepTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// SetDeadline does nothing.
func (steppedConn) SetDeadline(time.Time) error { return nil }

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
			gomail.WithOpportunisticSMTPAuth(
				gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
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

// smtpStepError is a failure of one step of transmit.
type smtpStepError struct {
	step      string
	aboutMail bool // rather than about the sender or the session
	err       error
}

func (e *smtpStepError) Error() string { return e.step + ": " + e.err.Error() }

func (e *smtpStepError) Unwrap() error { return e.err }

// smtpError describes a failure without the server's text, which may repeat the mail. The codes 550 to 559 in
// reply to RCPT TO or to the message are ErrRejected. Other refusals are about the sender, the authentication
// or the session.
func smtpError(ctx context.Context, err error) error {
	var sending *smtpStepError
	var answer *textproto.Error
	var malformed textproto.ProtocolError
	answered := errors.As(err, &answer)
	switch {
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the SMTP server did not answer in time")
	case errors.As(err, &sending) && answered && sending.aboutMail && answer.Code/10 == 55:
		return fmt.Errorf("%w: %s: the SMTP server answered %d", ErrRejected, sending.step, answer.Code)
	case sending != nil && answered:
		return fmt.Errorf("%s: the SMTP server answered %d", sending.step, answer.Code)
	case answered:
		return fmt.Errorf("the SMTP server answered %d before the mail was sent", answer.Code)
	case errors.As(err, &malformed):
		return errors.New("the SMTP server's answer is malformed")
	case sending != nil:
		return fmt.Errorf("%s: the connection was lost", sending.step)
	}
	return fmt.Errorf("the SMTP session failed: %w", err)
}
