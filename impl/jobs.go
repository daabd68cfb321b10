package impl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/planoauth/planoauth/db"
)

const (
	mailMaxPause = 3 * time.Hour  // the longest pause
	mailLife     = 24 * time.Hour // after which a mail is given up

	// jobLimit ends a job, save those that say otherwise.
	jobLimit = 30 * time.Second
	// rescueAfter is when a job is done anew whose server died over it. It is longer than a mail can take, even one that begins
	// to be sent when jobLimit ends, so that no mail is sent by two at once.
	rescueAfter = jobLimit + mailTimeout + markTimeout + 15*time.Second
)

// queue is what is done behind the requests, in the same Postgres.
type queue struct {
	insert *river.Client[*sql.Tx] // puts jobs into bun's transactions
	work   *river.Client[pgx.Tx]
}

// sendMail is the job that sends one queued mail. It holds no more than the number of the mail.
type sendMail struct {
	Mail int64 `json:"mail"`
}

// Kind names the job in the queue.
func (sendMail) Kind() string { return "send_mail" }

func newQueue(s *Server) (q queue, err error) {
	// River would log the errors of jobs; the workers log them themselves, under the names that the rest of the log has.
	quiet := slog.New(slog.DiscardHandler)
	if q.insert, err = river.NewClient(riverdatabasesql.New(s.DB.DB.DB), &river.Config{Logger: quiet}); err != nil {
		return q, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &mailWorker{server: s})
	river.AddWorker(workers, &linkWorker{server: s})
	river.AddWorker(workers, &cleanUpWorker{server: s})
	q.work, err = river.NewClient(riverpgxv5.New(s.DB.Pool), &river.Config{
		Logger:  quiet,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		Workers: workers,

		PeriodicJobs:         []*river.PeriodicJob{everyHour()},
		JobTimeout:           jobLimit,
		RescueStuckJobsAfter: rescueAfter,
	})
	return q, err
}

type mailWorker struct {
	river.WorkerDefaults[sendMail]
	server *Server
}

// Work sends the mail unless that has been done, or gives it up after a day.
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
	failed := s.send(ctx, m)
	if failed == nil {
		return nil
	}
	s.Log.Warn("a mail could not be sent", "mail", m.ID, "kind", m.Kind, "attempt", job.Attempt, "cause", failed.Error())
	if m.FailedAt.IsZero() && s.Now().Sub(m.CreatedAt) < mailLife {
		return failed
	}
	s.notify(ctx, db.Notification{
		Kind:    "mail-given-up",
		Message: fmt.Sprintf("Mail %d (%s) was given up after %d tries: %v", m.ID, m.Kind, job.Attempt, failed),
	})
	m.FailedAt = s.Now()
	if err := s.finishMail(ctx, m); err != nil { // again, where it was rejected: the first time may have failed
		return err
	}
	return river.JobCancel(failed)
}

// NextRetry pauses twice as long after each failure. The pause is counted from the begin of the try that failed, so that a
// job whose server died over it loses no more time.
func (w *mailWorker) NextRetry(job *river.Job[sendMail]) time.Time {
	pause := w.server.Settings.MailPause << min(job.Attempt, 20)
	return job.AttemptedAt.Add(min(pause, mailMaxPause))
}
