package impl

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/web"
)

const (
	mailMaxPause = 3 * time.Hour  // the longest pause between attempts
	mailLife     = 24 * time.Hour // after this time a mail is given up
)

// mailFacts describe this request in a mail. The link is "" for kinds of mails without one.
func (c *call) mailFacts(link string) mailer.Facts {
	return mailer.Facts{Time: c.now, IP: c.ip, UserAgent: userAgent(c.req), Language: web.LanguageOf(c.req), Link: link}
}

// queueNotice queues a mail about this request. The request does not wait for its delivery.
func (s *Server) queueNotice(ctx context.Context, tx bun.Tx, c *call, kind mailer.Kind, user *db.User, app *db.Application) error {
	_, err := s.addNotice(ctx, tx, c, kind, user, app, 0)
	return err
}

// addNotice queues a mail about this request that nobody asked for. It returns nil if the address is not verified, or
// if the mailbox got too many. The pause is that of queueMail.
func (s *Server) addNotice(
	ctx context.Context, tx bun.Tx, c *call, kind mailer.Kind, user *db.User, app *db.Application, pause time.Duration,
) (*db.Mail, error) {
	if user.EmailVerifiedAt.IsZero() {
		return nil, nil // it may be the address of somebody who knows nothing of the account
	}
	m, err := s.mails.Write(kind, user, app, c.mailFacts(""))
	if err != nil {
		return nil, err
	}
	return s.queueLimited(ctx, tx, c, m, user, app, pause)
}

// queueLimited queues a mail that nobody asked for, and returns it. If the mailbox got too many within an hour,
// it returns nil, and queues one summary that stands for the rest.
func (s *Server) queueLimited(
	ctx context.Context, tx bun.Tx, c *call, m *db.Mail, user *db.User, app *db.Application, pause time.Duration,
) (*db.Mail, error) {
	within, err := countMail(ctx, tx, ratelimit.Notices, user, c.now)
	switch {
	case err != nil:
		return nil, err
	case within:
		return m, s.queueMail(ctx, tx, m, pause)
	}
	within, err = countMail(ctx, tx, ratelimit.Summaries, user, c.now)
	if !within || err != nil {
		return nil, err
	}
	summary, err := s.mails.Write(mailer.Summary, user, app, c.mailFacts(""))
	if err != nil {
		return nil, err
	}
	return nil, s.queueMail(ctx, tx, summary, 0)
}

// queueAbout queues a mail that belongs to the operation itself. No limit of notices applies to it.
func (s *Server) queueAbout(
	ctx context.Context, tx bun.Tx, kind mailer.Kind, user *db.User, app *db.Application, facts mailer.Facts,
) error {
	m, err := s.mails.Write(kind, user, app, facts)
	if err != nil {
		return err
	}
	return s.queueMail(ctx, tx, m, 0)
}

// countMail counts a mail to the mailbox of a user, and reports whether it is within the limit.
func countMail(ctx context.Context, tx bun.Tx, limit ratelimit.Mailbox, user *db.User, now time.Time) (bool, error) {
	key := limit.Key(user.Email)
	return limit.Count(ctx, tx, key[:], ratelimit.Digest(""), false, false, now)
}

// queueMail saves a mail together with the job that sends it, in the transaction of what the mail is about. With a
// pause, the request delivers the mail: it has claimed the mail for that time, and the job only sends what the request
// could not.
func (s *Server) queueMail(ctx context.Context, tx bun.Tx, m *db.Mail, pause time.Duration) error {
	job := river.InsertOpts{MaxAttempts: 100} // more than mailLife allows
	if pause > 0 {
		m.Claim = rand.Text()
	}
	if err := db.InsertMail(ctx, tx, m); err != nil {
		return err
	}
	if pause > 0 { // by the database's clock, as River does
		job.ScheduledAt = m.ClaimedUntil.Add(pause - db.MailClaim)
	}
	_, err := s.jobInserter.InsertTx(ctx, tx.Tx, sendMail{Mail: m.ID}, &job)
	return err
}

// deliver makes one attempt, within the request, to send a queued mail, and reports whether it was sent.
// After a failure the job tries again.
func (s *Server) deliver(c *call, m *db.Mail) bool {
	err := s.deliverNow(c.context(), m)
	if err == nil {
		return true
	}
	var p *panicked
	if errors.As(err, &p) {
		panic(p)
	}
	s.log(c).Warn("sending mail failed", "mail", m.ID, "kind", m.Kind, "cause", err.Error())
	s.notify(c.context(), mailFailed, db.Notification{
		Operation: c.operation(), RequestID: c.id, Message: fmt.Sprintf("Mail %d (%s) could not be sent: %v", m.ID, m.Kind, err),
	})
	return false
}

// sendMail is the job that sends one queued mail. It stores the mail's id only.
type sendMail struct {
	Mail int64 `json:"mail"`
}

// Kind returns the name of the job in the queue.
func (sendMail) Kind() string { return "send_mail" }

type mailWorker struct {
	river.WorkerDefaults[sendMail]
	server *Server
}

// Work sends the mail unless it was sent or given up before. It gives up a mail that was rejected or is older
// than mailLife.
func (w *mailWorker) Work(ctx context.Context, job *river.Job[sendMail]) error {
	s := w.server
	m, err := s.claimMail(ctx, job.Args.Mail)
	if m == nil || err != nil {
		return err
	}
	d, err := s.startDelivery(ctx, m)
	if err != nil {
		return err
	}
	<-d.done
	if d.err == nil {
		return nil
	}
	s.Log.Warn("sending mail failed", "mail", m.ID, "kind", m.Kind, "attempt", job.Attempt, "cause", d.err.Error())
	if d.mail.FailedAt.IsZero() && s.Now().Sub(m.CreatedAt) < mailLife {
		return d.err
	}
	if d.mail.FailedAt.IsZero() {
		d.mail.FailedAt = s.Now()
		if err := s.finishMail(ctx, &d.mail); err != nil {
			return err
		}
	}
	s.notify(ctx, mailGivenUp, db.Notification{
		Message: fmt.Sprintf("Mail %d (%s) was given up after %d attempts: %v", m.ID, m.Kind, job.Attempt, d.err),
	})
	return river.JobCancel(d.err)
}

// NextRetry doubles the pause after each failure. The pause begins when the failed attempt began: a job whose
// server died waits no longer than others.
func (w *mailWorker) NextRetry(job *river.Job[sendMail]) time.Time {
	pause := w.server.Settings.MailPause << min(job.Attempt, 20)
	return job.AttemptedAt.Add(min(pause, mailMaxPause))
}
