package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// TestMailIsRetriedLong: a mail that Mandrill did not accept in the request is sent by the job, once.
func TestMailIsRetriedLong(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.MailPause = 300 * time.Millisecond }))
	e.mandrill.be("down")
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("late@example.com")))(t)
	e.within(busyLimit, "a first retry has failed", func() bool {
		return e.count("river_job WHERE kind = 'send_mail' AND attempt > 0 AND state = 'retryable'") == 1
	})
	e.mandrill.be("")
	e.within(busyLimit, "the mail is sent", func() bool { return e.count("mails WHERE sent_at IS NOT NULL AND failed_at IS NULL") == 1 })
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("prompt@example.com")))(t)
	e.within(busyLimit, "both jobs are done", func() bool { return e.count("river_job WHERE kind = 'send_mail' AND state = 'completed'") == 2 })
	if mails := e.mandrill.mails(); len(mails) != 2 || mails[0].To != "late@example.com" || mails[1].To != "prompt@example.com" {
		t.Errorf("the mails are %+v", mails)
	}
	if e.count("notifications") != 1 {
		t.Error("there is not one notification")
	}
}

// TestMailIsGivenUp: a mail is given up after a day of retries, or once Mandrill rejects it, and the
// operators are notified.
func TestMailIsGivenUp(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, first, later string
		moved              time.Duration
	}{
		{"a day later", "down", "down", 24 * time.Hour},
		{"rejected at a retry", "down", "rejected", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSettings(func(s *impl.Settings) { s.MailPause = 300 * time.Millisecond }))
			e.mandrill.be(row.first)
			want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("never@example.com")))(t)
			e.mandrill.be(row.later)
			e.clock.move(row.moved)
			e.within(busyLimit, "the mail is given up", func() bool {
				return e.count("mails WHERE failed_at IS NOT NULL AND sent_at IS NULL AND text_body = '' AND html_body = ''") == 1 && e.count("notifications WHERE kind = 'mail-given-up'") == 1
			})
			e.within(busyLimit, "the job has ended", func() bool { return e.count("river_job WHERE state = 'cancelled'") == 1 })
			if n := len(e.mandrill.mails()); n != 0 {
				t.Errorf("%d mails were sent", n)
			}
		})
	}
}

// TestMailRetryIntervals: each interval is twice as long as the one before, up to three hours.
func TestMailRetryIntervals(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.MailPause = time.Minute }))
	e.mandrill.be("down")
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("late@example.com")))(t)
	var pause time.Duration
	last := func() time.Duration {
		check(t, e.pool.QueryRow(t.Context(), "SELECT scheduled_at - coalesce(attempted_at, created_at) FROM river_job WHERE kind = 'send_mail'").Scan(&pause))
		return pause.Round(10 * time.Second)
	}
	if got := last(); got != time.Minute {
		t.Errorf("the first pause is %v", got)
	}
	for attempt, want := range []time.Duration{2, 4, 8, 16, 32, 64, 128, 180, 180} {
		e.exec("UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = 'send_mail'")
		e.wakeJobs()
		e.within(busyLimit, "the mail is tried", func() bool {
			return e.count("river_job WHERE kind = 'send_mail' AND state = 'retryable' AND attempt = $1", attempt+1) == 1
		})
		if got := last(); got != want*time.Minute {
			t.Errorf("after attempt %d the pause is %v, not %v", attempt+1, got, want*time.Minute)
		}
	}
	if e.count("mails WHERE sent_at IS NULL AND failed_at IS NULL") != 1 || e.count("notifications") != 1 {
		t.Error("the mail does not wait, or there is not one notification")
	}
}

// TestRejectedMailIsNotRetried: a mail that Mandrill rejected in the request is not sent later.
func TestRejectedMailIsNotRetried(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.MailPause = 300 * time.Millisecond }))
	e.mandrill.be("rejected")
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("never@example.com")))(t)
	e.mandrill.be("")
	e.within(busyLimit, "the job is done", func() bool { return e.count("river_job WHERE kind = 'send_mail' AND state = 'completed'") == 1 })
	if n := len(e.mandrill.mails()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
}

// TestJobsHoldNoMail: a stored job holds the id of its mail, and nothing of its content.
func TestJobsHoldNoMail(t *testing.T) {
	t.Parallel()
	e := start(t)
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
	var args string
	check(t, e.pool.QueryRow(t.Context(), "SELECT string_agg(args::text || metadata::text, '') FROM river_job").Scan(&args))
	if args == "" || strings.Contains(args, "@") {
		t.Errorf("the job holds %s", args)
	}
}
