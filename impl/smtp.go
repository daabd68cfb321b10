package impl

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

	gomail "github.com/wneessen/go-mail"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// SMTP hands mails to a mail server. Where that is on another machine, nothing but the greeting goes over the wire in clear.
type SMTP struct {
	host           string
	port           int
	tls            bool   // from the first byte, instead of by STARTTLS
	user, password string // "" where the server asks for none
	from           *mail.Address
	domain         string // of the sender
}

var errSMTPURL = errors.New("SMTP_URL must be smtp://user:password@host:port, or smtps:// for TLS from the first byte; " +
	"what is special in a URL is percent-encoded in user and password")

// NewSMTP is a mailer that uses the server of this URL. Its errors never repeat the URL, which holds a password.
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

// Send delivers one mail over a connection of its own, which ends with ctx.
func (s *SMTP) Send(ctx context.Context, queued *db.Mail) error {
	var conn net.Conn
	dial := func(dialing context.Context, network, address string) (_ net.Conn, err error) {
		if conn, err = new(net.Dialer).DialContext(dialing, network, address); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { conn.Close() }) // the client has a timeout for each of its steps only
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
		conn.Close() // which the client leaves open when the server refuses to begin
	}
	if err == nil || message.IsDelivered() {
		return nil // whatever went wrong after the server had taken the mail
	}
	return smtpError(ctx, err)
}

func (s *SMTP) options(dial gomail.DialContextFunc) []gomail.Option {
	policy := gomail.TLSMandatory
	switch {
	case s.tls:
		policy = gomail.NoTLS // there is TLS already
	case formats.IsLoopback(strings.ToLower(s.host)):
		policy = gomail.TLSOpportunistic
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTLSPolicy(policy), gomail.WithTimeout(mailTimeout), gomail.WithDialContextFunc(dial),
		gomail.WithHELO(s.domain),
		gomail.WithoutSMTPUTF8(), // addresses are ASCII, and the next server on the way may not know it
	}
	if s.user != "" {
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

// message is the mail with both of its bodies. Its Message-ID is the same at each try, so that whoever gets it twice can tell.
func (s *SMTP) message(queued *db.Mail) *gomail.Msg {
	m := gomail.NewMsg()
	m.FromMailAddress(s.from)
	m.ToMailAddress(&mail.Address{Name: queued.ToName, Address: queued.ToEmail})
	m.Subject(queued.Subject)
	m.SetDateWithValue(queued.CreatedAt)
	id := sha256.Sum256(fmt.Append(nil, queued.ID, queued.CreatedAt.UnixMilli(), queued.ToEmail))
	m.SetMessageIDWithValue(fmt.Sprintf("%x@%s", id[:16], s.domain))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // no answers by machines, RFC 3834
	m.SetBodyString(gomail.TypeTextPlain, queued.TextBody)
	m.AddAlternativeString(gomail.TypeTextHTML, queued.HTMLBody)
	return m
}

// smtpError says what happened without the server's own words, which may repeat what it was sent. What the server says for
// good of this mail, to RCPT TO or to the message, is errRejected: the codes 550 to 559. Its other refusals speak of the
// sender, of the sign-in or of the session.
func smtpError(ctx context.Context, err error) error {
	var sending *gomail.SendError
	var answer *textproto.Error
	var garbage textproto.ProtocolError
	switch {
	case ctx.Err() != nil:
		return errors.New("the SMTP server did not answer in time")
	case errors.As(err, &sending):
		code := sending.ErrorCode()
		ofMail := sending.Reason == gomail.ErrSMTPRcptTo || sending.Reason == gomail.ErrSMTPData || sending.Reason == gomail.ErrSMTPDataClose
		if code/10 == 55 && ofMail {
			return fmt.Errorf("%w: %v: the SMTP server said %d", errRejected, sending.Reason, code)
		}
		if code == 0 {
			return fmt.Errorf("%v: the connection broke off", sending.Reason)
		}
		return fmt.Errorf("%v: the SMTP server said %d", sending.Reason, code)
	case errors.As(err, &answer):
		return fmt.Errorf("the SMTP server said %d before a mail was sent", answer.Code)
	case errors.As(err, &garbage):
		return errors.New("the SMTP server's answer is not understood")
	}
	return fmt.Errorf("the SMTP server cannot be used: %w", err)
}
