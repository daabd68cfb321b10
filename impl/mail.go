package impl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
)

const (
	sendTimeout  = 5 * time.Second  // for one attempt to send a mail
	saveTimeout  = 10 * time.Second // for saving the result of an attempt
	mailMaxPause = 3 * time.Hour    // the longest pause between attempts
	mailLife     = 24 * time.Hour   // after this time a mail is given up
)

// mailFacts describe this request in a mail. The link is "" for kinds of mails without one.
func (c *call) mailFacts(link string) mailer.Facts {
	return mailer.Facts{Time: c.now, IP: c.ip, UserAgent: userAgent(c.req), Link: link}
}

// queueNotice queues a mail about this request. The request does not wait for its delivery.
func (s *Server) queueNotice(ctx context.Context, tx bun.Tx, c *call, kind mailer.Kind, user *db.User, app *db.Application) error {
	m, err := s.mails.Write(kind, user, app, c.mailFacts(""))
	if err != nil {
		return err
	}
	return s.queueMail(ctx, tx, m, 0)
}

// queueMail saves a mail together with the job that sends it, in the transaction of what the mail is about.
// Where the request itself will deliver the mail, pause delays the job, which then sends only what the
// request could not.
func (s *Server) queueMail(ctx context.Context, tx bun.Tx, m *db.Mail, pause time.Duration) error {
	if _, err := tx.NewInsert().Model(m).Exec(ctx); err != nil {
		return err
	}
	_, err := s.jobInserter.InsertTx(ctx, tx.Tx, sendMail{Mail: m.ID}, &river.InsertOpts{
		MaxAttempts: 100, // more than fit into mailLife
		ScheduledAt: m.CreatedAt.Add(pause),
	})
	return err
}

// deliver makes one attempt, within the request, to send a queued mail, and reports whether it was sent.
// After a failure the job tries again.
func (s *Server) deliver(c *call, m *db.Mail) bool {
	err := s.send(c.context(), m)
	if err == nil {
		return true
	}
	s.log(c).Warn("sending mail failed", "mail", m.ID, "kind", m.Kind, "cause", err.Error())
	s.notify(c.context(), mailFailed, db.Notification{
		Operation: c.operation(), RequestID: c.id, Message: fmt.Sprintf("Mail %d (%s) could not be sent: %v", m.ID, m.Kind, err),
	})
	return false
}

// send makes one attempt to send a queued mail, and saves the result if it is final. It continues when ctx is
// canceled: a mail must not be sent without being marked as sent.
func (s *Server) send(ctx context.Context, m *db.Mail) error {
	ctx = context.WithoutCancel(ctx)
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sendErr := s.Mailer.Send(sending, m)
	switch {
	case sendErr == nil:
		m.SentAt = s.Now()
	case errors.Is(sendErr, mailer.ErrRejected):
		m.FailedAt = s.Now()
	default:
		return sendErr
	}
	saving, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	if err := s.finishMail(saving, m); err != nil && sendErr == nil {
		s.Log.Error("marking mail as sent failed", "mail", m.ID, "cause", err.Error())
	}
	return sendErr
}

// finishMail saves that a mail was sent or given up. It deletes the bodies, since a link may be stored only
// while its mail waits to be sent.
func (s *Server) finishMail(ctx context.Context, m *db.Mail) error {
	m.TextBody, m.HTMLBody = "", ""
	_, err := s.DB.NewUpdate().Model(m).Column("sent_at", "failed_at", "text_body", "html_body").WherePK().Exec(ctx)
	return err
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
	m := &db.Mail{ID: job.Args.Mail}
	err := s.DB.NewSelect().Model(m).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !(m.SentAt.IsZero() && m.FailedAt.IsZero()) {
		return nil
	}
	if err != nil {
		return err
	}
	sendErr := s.send(ctx, m)
	if sendErr == nil {
		return nil
	}
	s.Log.Warn("sending mail failed", "mail", m.ID, "kind", m.Kind, "attempt", job.Attempt, "cause", sendErr.Error())
	if m.FailedAt.IsZero() && s.Now().Sub(m.CreatedAt) < mailLife {
		return sendErr
	}
	s.notify(ctx, mailGivenUp, db.Notification{
		Message: fmt.Sprintf("Mail %d (%s) was given up after %d attempts: %v", m.ID, m.Kind, job.Attempt, sendErr),
	})
	m.FailedAt = s.Now()
	// A rejected mail is finished already, unless that failed.
	if err := s.finishMail(ctx, m); err != nil {
		return err
	}
	return river.JobCancel(sendErr)
}

// NextRetry doubles the pause after each failure. The pause begins when the failed attempt began: a job whose
// server died waits no longer than others.
func (w *mailWorker) NextRetry(job *river.Job[sendMail]) time.Time {
	pause := w.server.Settings.MailPause << min(job.Attempt, 20)
	return job.AttemptedAt.Add(min(pause, mailMaxPause))
}
