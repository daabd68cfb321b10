package tests

import (
	"net"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// dueNow makes the mail jobs due, and wakes River.
func (e *env) dueNow() {
	e.t.Helper()
	e.exec("UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = 'send_mail' AND state IN ('scheduled', 'retryable')")
	e.wakeJobs()
}

func (e *env) expectOneMail() {
	e.t.Helper()
	e.within(busyLimit, "the mail is marked as sent", func() bool {
		return e.count("mails WHERE sent_at IS NOT NULL AND text_body = '' AND claim IS NULL") == 1
	})
	e.within(busyLimit, "its job is done", func() bool { return e.count("river_job WHERE kind = 'send_mail' AND state = 'completed'") == 1 })
	if n := len(e.mandrill.mails()); n != 1 || e.count("mails") != 1 {
		e.t.Errorf("%d mails were sent", n)
	}
}

// TestSlowMandrillGetsOneMail: the request answers after 5 seconds, and the mail that Mandrill takes longer for
// is not sent a second time, neither by this replica nor by another one.
func TestSlowMandrillGetsOneMail(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.replica(cheapSettings, e.mandrill.mailer(t))
	answer := make(chan struct{})
	e.mandrill.at(func(step mandrillStep) {
		if step == accepted {
			<-answer
		}
	})
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
	e.dueNow()
	e.within(busyLimit, "the job has begun", func() bool { return e.count("river_job WHERE kind = 'send_mail' AND state = 'running'") == 1 })
	close(answer)
	e.expectOneMail()
}

// TestSlowMandrillAtARetry: a job waits for Mandrill longer than a request.
func TestSlowMandrillAtARetry(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.mandrill.be("down")
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
	e.mandrill.be("")
	reached, answer := make(chan struct{}, 1), make(chan struct{})
	e.mandrill.at(func(step mandrillStep) {
		if step == accepted {
			reached <- struct{}{}
			<-answer
		}
	})
	e.dueNow()
	<-reached
	time.AfterFunc(6*time.Second, func() { close(answer) })
	e.expectOneMail()
}

// TestSlowSMTPServer: no step is as slow as all of them together.
func TestSlowSMTPServer(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, "127.0.0.1:0", nil, false)
	server.be("slow")
	e := start(t, bySMTP(t, smtpURL("smtp", "", "", server.address)))
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
	e.within(busyLimit, "the mail is marked as sent", func() bool { return e.count("mails WHERE sent_at IS NOT NULL") == 1 })
	e.dueNow()
	e.within(busyLimit, "its job is done", func() bool { return e.count("river_job WHERE kind = 'send_mail' AND state = 'completed'") == 1 })
	if n := len(server.mails()); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

// TestMailIsSentAfterAKillLong: the claim of a killed server runs out by itself.
func TestMailIsSentAfterAKillLong(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	killed := p.killAt(asked)
	p.api.ClientsRegister(t.Context(), registration("grace@example.com"))
	<-killed
	p.within(busyLimit, "the call of the dead server is over", p.mandrill.left)
	p.mandrill.be("")
	p.start()
	p.dueNow()
	p.expectOneMail()
}

// TestMailIsSavedAsSentLater: the database goes away when Mandrill has accepted the mail, and comes back. The
// mail is not sent again, although its job of another replica is due.
func TestMailIsSavedAsSentLater(t *testing.T) {
	t.Parallel()
	for _, row := range []string{"in the request", "at a retry"} {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			direct := e.database
			between := startPGProxy(t, cluster.Host+":"+cluster.Port)
			e.serving = between.through(t, direct)
			e.url = e.replica(cheapSettings, e.mandrill.mailer(t))
			e.api = connect(t, e.url, e.http)
			e.exec("DELETE FROM river_job") // the other replica's clean-up
			lost := make(chan struct{})
			e.mandrill.be("down")
			register := func() client.Outcome {
				outcome, err := e.api.ClientsRegister(t.Context(), registration("grace@example.com"))
				check(t, err)
				return outcome
			}
			if row == "at a retry" {
				register()
			}
			e.mandrill.be("")
			e.mandrill.at(func(step mandrillStep) {
				if step == accepted {
					between.be(away)
					close(lost)
				}
			})
			if row == "at a retry" {
				e.dueNow()
			} else if got := register(); got.Slug() != "action-successful" {
				t.Errorf("the mail was sent, and the answer is %s", got.Slug())
			}
			<-lost
			e.dueNow()
			time.AfterFunc(time.Second, func() { between.be(whole) })
			e.within(time.Minute, "the mail is marked as sent", func() bool { return e.count("mails WHERE sent_at IS NOT NULL AND text_body = ''") == 1 })
			e.exec("UPDATE river_job SET attempted_at = attempted_at - interval '5 minutes' WHERE state = 'running'")
			if n := len(e.mandrill.mails()); n != 1 {
				t.Errorf("%d mails were sent", n)
			}
		})
	}
}

// TestQueuedMailsAreTakenUpAtOnce, by the database's clock and not by that of a replica that is ahead: notices
// are due at once, and what a request could not send is due after the pause.
func TestQueuedMailsAreTakenUpAtOnce(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.MailPause = time.Minute }))
	email := e.user(person{client: true})
	e.exec("UPDATE users SET email_verified_at = now()") // or it gets no notices
	token := e.signIn(email)
	e.clock.move(5 * time.Minute)
	outcome, err := e.api.UsersPasswordUpdate(t.Context(), client.UsersPasswordUpdateParams{Password: "nanoseconds on a wire", CurrentPassword: goodPassword}, client.WithToken(token))
	check(t, err)
	if outcome.Slug() != "action-successful" {
		t.Fatalf("the password is not set: %s", outcome.Slug())
	}
	if n := e.count("river_job WHERE kind = 'send_mail' AND (state = 'scheduled' OR scheduled_at > created_at)"); n != 0 {
		t.Error("the notice is not due at once")
	}
	e.within(busyLimit, "the notice is sent", func() bool { return e.count("mails WHERE sent_at IS NOT NULL") == 1 })
	e.mandrill.be("down")
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
	if n := e.count("river_job WHERE kind = 'send_mail' AND state = 'scheduled' AND scheduled_at BETWEEN created_at + interval '59 seconds' AND created_at + interval '61 seconds'"); n != 1 {
		t.Error("the job of a welcome mail is not due after a minute")
	}
}

// TestSMTPOverIPv6: an IPv6 address stands in brackets before its port.
func TestSMTPOverIPv6(t *testing.T) {
	t.Parallel()
	if listener, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6")
	} else {
		listener.Close()
	}
	server := startSMTP(t, "[::1]:0", nil, false)
	server.be("auth")
	e := start(t, bySMTP(t, smtpURL("smtp", "planoauth", smtpPassword, server.address)))
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
	if mails := server.mails(); len(mails) != 1 || mails[0].user != "planoauth" {
		t.Errorf("the mails are %+v", mails)
	}
}

// TestMailsWhileClocksDiffer: mails leave at once, also retries and those of opaque answers, whatever the difference
// between the clocks of the server and of the database.
func TestMailsWhileClocksDiffer(t *testing.T) {
	t.Parallel()
	for _, ahead := range []string{"5 minutes", "-5 minutes"} {
		t.Run(ahead, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, "DISCLOSURE=opaque")
			p.exec("CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT pg_catalog.now() - interval '" + ahead + "' $$")
			p.kill()
			p.environment = append(p.environment, "DATABASE_URL="+p.database+"&search_path=public,pg_catalog")
			p.start()
			p.exec("DELETE FROM river_job") // what was due before the clock was moved
			want[client.ClientsRegisterActionSuccessful](p.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
			params := client.SessionsMagicLinkRequestParams{Email: "grace@example.com", Application: "planoauth"}
			want[client.SessionsMagicLinkRequestActionSuccessful](p.api.SessionsMagicLinkRequest(t.Context(), params))(t)
			p.within(busyLimit, "the link is mailed", func() bool { return p.count("mails WHERE kind = 'magic_link' AND sent_at IS NOT NULL") == 1 })
			if n := p.count("river_job WHERE abs(extract(epoch FROM scheduled_at - (pg_catalog.now() - $1::interval))) > 90", ahead); n != 0 {
				t.Errorf("%d jobs are due at another time", n)
			}
		})
	}
}
