package tests

import (
	"bufio"
	"bytes"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// smtpURL returns SMTP_URL for a server at this address.
func smtpURL(scheme, user, password, address string) string {
	u := url.URL{Scheme: scheme, Host: address}
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	return u.String()
}

func bySMTP(t testing.TB, url string) func(*options) {
	mailer, err := impl.Settings{SMTPURL: url, MailFrom: "PlanoAuth für alle <auth@planoauth.example>"}.NewMailer(false)
	check(t, err)
	return func(o *options) { o.mailer = mailer }
}

// TestSMTPMail checks a mail as it arrives.
func TestSMTPMail(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, "127.0.0.1:0", nil, false)
	server.be("auth")
	e := start(t, bySMTP(t, smtpURL("smtp", "planoauth", smtpPassword, server.address)))
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	e.clock.stop(at)
	params := registration("gruen@example.com")
	params.Client.FirstName, params.Client.LastName = "Jürgen", "Grün-Łęcki, Dr."
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), params))(t)
	mails := server.mails()
	if len(mails) != 1 || mails[0].from != "auth@planoauth.example" || mails[0].to != "gruen@example.com" || mails[0].user != "planoauth" {
		t.Fatalf("the mails are %+v", mails)
	}
	header, bodies := mails[0].parts(t)
	from, err := header.AddressList("From")
	check(t, err)
	to, err := header.AddressList("To")
	check(t, err)
	if len(from) != 1 || *from[0] != (mail.Address{Name: "PlanoAuth für alle", Address: "auth@planoauth.example"}) {
		t.Errorf("it is from %v", from)
	}
	if len(to) != 1 || *to[0] != (mail.Address{Name: "Jürgen Grün-Łęcki, Dr.", Address: "gruen@example.com"}) {
		t.Errorf("it is to %v", to)
	}
	if date, err := header.Date(); err != nil || !date.Equal(at) {
		t.Errorf("its date is %v %v", date, err)
	}
	if id := header.Get("Message-Id"); !strings.HasSuffix(id, "@planoauth.example>") || header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("its header is %v", header)
	}
	if header.Get("Subject") != "Welcome to PlanoOrder" {
		t.Errorf("its subject is %q", header.Get("Subject"))
	}
	if !strings.Contains(bodies["text/plain"], "Hello Jürgen,") || !strings.Contains(bodies["text/html"], "Hello Jürgen,") {
		t.Errorf("its bodies are %v", bodies)
	}
	for line := range bytes.Lines(mails[0].text) {
		if len(line) > 1000 {
			t.Error("a line is longer than mail servers take")
		}
	}
}

// TestSMTPFailures: the operation's changes stay, the operators are notified without secrets, and the mail is
// retried unless the server refused it permanently.
func TestSMTPFailures(t *testing.T) {
	t.Parallel()
	certificate, _ := certify(t)
	rows := []struct {
		mode, user string
		starttls   bool
		want       string
		mail       string // its state afterwards
		accepted   int
		secrets    int
	}{
		{"", "", false, "action-successful", "sent", 1, 0},
		{"auth", "planoauth", false, "action-successful", "sent", 1, 1},
		{"stall once it is taken", "", false, "action-successful", "sent", 1, 0},
		{"drop once it is taken", "", false, "action-successful", "sent", 1, 0},
		{"no such mailbox", "", false, "mandrill-email-failed", "given up", 0, 0},
		{"message refused", "", false, "mandrill-email-failed", "given up", 0, 0},
		{"later", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"disk full", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"sender refused", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"relay wants a sign-in", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"stall", "planoauth", false, "mandrill-email-failed", "waiting", 0, 1},
		{"slow", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"drop", "planoauth", false, "mandrill-email-failed", "waiting", 0, 1},
		{"drop the message", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"auth", "", false, "mandrill-email-failed", "waiting", 0, 0},
		{"auth", "somebody", false, "mandrill-email-failed", "waiting", 0, 1},
		{"", "planoauth", true, "mandrill-email-failed", "waiting", 0, 0}, // whose certificate nobody knows
	}
	for _, row := range rows {
		t.Run(strings.Join([]string{row.mode, row.user, map[bool]string{true: "starttls"}[row.starttls]}, " "), func(t *testing.T) {
			t.Parallel()
			offered := certificate
			if !row.starttls {
				offered = nil
			}
			server := startSMTP(t, "127.0.0.1:0", offered, false)
			server.be(row.mode)
			e := start(t, bySMTP(t, smtpURL("smtp", row.user, smtpPassword, server.address)),
				withSQL("UPDATE applications SET sign_in_mail = true WHERE slug = 'planoorder'"))
			email := e.user(person{client: true})
			e.exec("UPDATE users SET email_verified_at = now()") // or it gets no notices
			began := time.Now()
			outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{
				Email: email, Password: goodPassword, Application: "planoorder"})
			check(t, err)
			if outcome.Slug() != row.want {
				t.Errorf("want %s, have %#v", row.want, outcome)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			if n := e.count("sessions"); n != 1 {
				t.Errorf("there are %d sessions", n)
			}
			state := map[string]string{"sent": "sent_at IS NOT NULL", "given up": "failed_at IS NOT NULL", "waiting": "sent_at IS NULL AND failed_at IS NULL"}
			if e.count("mails WHERE "+state[row.mail]) != 1 {
				t.Errorf("the mail is not %s", row.mail)
			}
			if kept := e.count("mails WHERE text_body <> '' OR html_body <> ''") == 1; kept != (row.mail == "waiting") {
				t.Errorf("the mail is %s, and has its bodies: %v", row.mail, kept)
			}
			failures := 0
			if row.want == "mandrill-email-failed" {
				failures = 1
			}
			if n := e.count("notifications WHERE kind = 'mandrill-email-failed' AND operation = 'sessionsCreate'"); n != failures {
				t.Errorf("there are %d notifications", n)
			}
			if n := len(server.mails()); n != row.accepted || server.secrets != row.secrets {
				t.Errorf("%d mails were accepted, and %d sign-ins tried", n, server.secrets)
			}
			if e.count("notifications WHERE position($1 IN message) > 0", smtpPassword) > 0 || strings.Contains(e.logs.String(), smtpPassword) {
				t.Error("the password was stored or logged")
			}
			if e.count("notifications WHERE position('@' IN message) > 0") > 0 {
				t.Error("a notification has an address")
			}
		})
	}
}

// TestSMTPServerUnavailable: nothing listens at the address.
func TestSMTPServerUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	listener.Close()
	e := start(t, bySMTP(t, smtpURL("smtp", "planoauth", smtpPassword, listener.Addr().String())))
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
	if e.count("notifications WHERE message LIKE '%refused%' AND position($1 IN message) = 0", smtpPassword) != 1 {
		t.Error("there is no notification that says why")
	}
}

// TestSMTPRetries: the job sends the mail that the request could not send, or gives it up.
func TestSMTPRetries(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, later, mail string
		accepted, givenUp int
	}{
		{"the server accepts it later", "", "sent_at IS NOT NULL", 1, 0},
		{"the server refuses it later", "no such mailbox", "failed_at IS NOT NULL", 0, 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, "127.0.0.1:0", nil, false)
			server.be("later")
			e := start(t, bySMTP(t, smtpURL("smtp", "", "", server.address)), withSettings(func(s *impl.Settings) { s.MailPause = 300 * time.Millisecond }))
			want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("late@example.com")))(t)
			if e.count("mails WHERE text_body <> '' AND html_body <> ''") != 1 {
				t.Error("the mail that waits has lost its bodies")
			}
			server.be(row.later)
			e.within(busyLimit, "the job has ended", func() bool {
				return e.count("river_job WHERE kind = 'send_mail' AND state IN ('completed', 'cancelled')") == 1
			})
			if e.count("mails WHERE "+row.mail+" AND text_body = '' AND html_body = ''") != 1 {
				t.Error("the mail is not in the right state, or has its bodies still")
			}
			if n := e.count("notifications WHERE kind = 'mail-given-up'"); n != row.givenUp || len(server.mails()) != row.accepted {
				t.Errorf("%d mails were given up, and %d accepted", n, len(server.mails()))
			}
		})
	}
}

// TestSMTPMessageID: the Message-ID stays the same when a mail is sent again, and differs between mails.
func TestSMTPMessageID(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, "127.0.0.1:0", nil, false)
	e := start(t, bySMTP(t, smtpURL("smtp", "", "", server.address)))
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("one@example.com")))(t)
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("two@example.com")))(t)
	// As if the server had been killed before it saved that the mail was sent.
	e.exec("UPDATE mails SET sent_at = NULL, text_body = 'again', html_body = '<p>again</p>' WHERE to_email = 'one@example.com'")
	e.exec("UPDATE river_job SET scheduled_at = now() WHERE kind = 'send_mail' AND state = 'scheduled'")
	e.within(busyLimit, "the mail is sent again", func() bool { return len(server.mails()) == 3 })
	ids := map[string][]string{}
	for _, m := range server.mails() {
		header, _ := m.parts(t)
		ids[m.to] = append(ids[m.to], header.Get("Message-Id"))
	}
	if one := ids["one@example.com"]; len(one) != 2 || one[0] != one[1] || one[0] == ids["two@example.com"][0] {
		t.Errorf("the ids are %v", ids)
	}
}

// TestSMTPNeedsTLS: to a host that is not loopback nothing is sent without TLS. 0.0.0.0 leads to this
// machine, and does not count as loopback.
func TestSMTPNeedsTLS(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, "0.0.0.0:0", nil, false)
	_, port, _ := net.SplitHostPort(server.address)
	for i, user := range []string{"", "planoauth"} {
		e := start(t, bySMTP(t, smtpURL("smtp", user, smtpPassword, "0.0.0.0:"+port)))
		want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
		if server.sessions != i+1 || server.secrets != 0 || len(server.mails()) != 0 {
			t.Errorf("%d connections, %d sign-ins, %d mails", server.sessions, server.secrets, len(server.mails()))
		}
		if e.count("notifications WHERE message LIKE '%STARTTLS%'") != 1 {
			t.Error("there is no notification that says why")
		}
	}
}

// TestRunWithSMTP runs the command with a mail server whose certificate it trusts, by STARTTLS and by TLS
// from the first byte.
func TestRunWithSMTP(t *testing.T) {
	t.Parallel()
	certificate, authority := certify(t)
	for _, scheme := range []string{"smtp", "smtps"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, "0.0.0.0:0", certificate, scheme == "smtps")
			server.be("auth")
			_, port, _ := net.SplitHostPort(server.address)
			address, data := freeAddress(t), filepath.Join(postgresDir(t), "data")
			cmd, stdout, stderr := run(t, []string{"serve"}, "ADDR="+address, "DATA_DIR="+data,
				"SMTP_URL="+smtpURL(scheme, "planoauth", smtpPassword, "0.0.0.0:"+port), "MAIL_FROM=auth@planoauth.example", "SSL_CERT_FILE="+authority)
			defer time.AfterFunc(busyLimit, func() { cmd.Process.Kill() }).Stop() // where it prints nothing
			greeting := ""
			for lines := bufio.NewScanner(stdout); !strings.Contains(greeting, "curl") && lines.Scan(); {
				greeting += lines.Text() + "\n"
			}
			if !strings.Contains(greeting, "It sends mails by SMTP.") {
				t.Fatalf("the greeting is %q: %s", greeting, stderr)
			}
			api, err := client.New("http://" + address)
			check(t, err)
			want[client.ClientsRegisterActionSuccessful](api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
			if list := done(t, []string{"DATA_DIR=" + data}, "person", "list"); strings.Count(list, "@") != 1 {
				t.Errorf("a server that sends mails has people of its own making: %s", list)
			}
			if mails := server.mails(); len(mails) != 1 || !mails[0].tls || mails[0].user != "planoauth" {
				t.Errorf("the mails are %+v: %s", mails, stderr)
			}
		})
	}
}

// TestMailSettings: settings that cannot work are refused at the start, and the error holds no password.
func TestMailSettings(t *testing.T) {
	t.Parallel()
	const from = "auth@planoauth.example"
	rows := []struct {
		name     string
		settings impl.Settings
		want     string // "" when it is fine
	}{
		{"a server with a sign-in", impl.Settings{SMTPURL: "smtp://user:secret@mail.example:587", MailFrom: from}, ""},
		{"one without", impl.Settings{SMTPURL: "smtp://mail.example", MailFrom: from}, ""},
		{"TLS from the first byte", impl.Settings{SMTPURL: "smtps://user:secret@[2001:db8::1]:465/", MailFrom: from}, ""},
		{"a password with an escaped slash", impl.Settings{SMTPURL: "smtp://user:sec%2Fret@mail.example:587", MailFrom: from}, ""},
		{"no sender", impl.Settings{SMTPURL: "smtp://user:secret@mail.example:587"}, "MAIL_FROM must be"},
		{"no sender of Mandrill's", impl.Settings{MandrillAPIKey: "secret"}, "MAIL_FROM must be"},
		{"both", impl.Settings{SMTPURL: "smtp://user:secret@mail.example:587", MandrillAPIKey: "key", MailFrom: from}, "not both"},
		{"another scheme", impl.Settings{SMTPURL: "https://user:secret@mail.example", MailFrom: from}, "SMTP_URL must be"},
		{"no scheme", impl.Settings{SMTPURL: "mail.example:587", MailFrom: from}, "SMTP_URL must be"},
		{"no host", impl.Settings{SMTPURL: "smtp://user:secret@", MailFrom: from}, "SMTP_URL must be"},
		{"a path", impl.Settings{SMTPURL: "smtp://user:secret@mail.example/inbox", MailFrom: from}, "SMTP_URL must be"},
		{"a query", impl.Settings{SMTPURL: "smtp://user:secret@mail.example?tls=no", MailFrom: from}, "SMTP_URL must be"},
		{"a port too high", impl.Settings{SMTPURL: "smtp://user:secret@mail.example:70000", MailFrom: from}, "SMTP_URL must be"},
		{"a user without a password", impl.Settings{SMTPURL: "smtp://user@mail.example", MailFrom: from}, "SMTP_URL must be"},
		{"a bare slash in the password", impl.Settings{SMTPURL: "smtp://user:sec/secret@mail.example:587", MailFrom: from}, "SMTP_URL must be"},
		{"nothing", impl.Settings{}, "no way to send mail"},
	}
	for _, row := range rows {
		_, err := row.settings.NewMailer(false)
		switch {
		case row.want == "" && err != nil, row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s: want %q, have %v", row.name, row.want, err)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: the error holds %v", row.name, err)
		}
	}
}
