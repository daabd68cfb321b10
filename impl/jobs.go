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
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

const (
	mailMaxPause = 3 * time.Hour  // the longest pause
	mailLife     = 24 * time.Hour // after which a mail is given up
)

// jobs is the queue of what is done behind the requests, in the same Postgres.
type jobs struct {
	server *Server
	insert *river.Client[*sql.Tx] // puts jobs into bun's transactions
	work   *river.Client[pgx.Tx]
}

// sendMail is the job that sends one queued mail. It holds no more than the number of the mail.
type sendMail struct {
	Mail int64 `json:"mail"`
}

// Kind names the job in the queue.
func (sendMail) Kind() string { return "send_mail" }

func newJobs(s *Server) (*jobs, error) {
	j := &jobs{server: s}
	var err error
	// River logs what failed with its error; our own line says it without the mail's content.
	quiet := slog.New(slog.DiscardHandler)
	if j.insert, err = river.NewClient(riverdatabasesql.New(s.DB.DB.DB), &river.Config{Logger: quiet}); err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &mailWorker{server: s})
	j.work, err = river.NewClient(riverpgxv5.New(s.DB.Pool), &river.Config{
		Logger:  quiet,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		Workers: workers,
	})
	return j, err
}

func (j *jobs) start(ctx context.Context) error { return j.work.Start(ctx) }

func (j *jobs) wait() { <-j.work.Stopped() }

// insertMail queues the job for a mail; it waits for the try that the request itself makes.
func (j *jobs) insertMail(ctx context.Context, tx bun.Tx, m *db.Mail) error {
	_, err := j.insert.InsertTx(ctx, tx.Tx, sendMail{Mail: m.ID}, &river.InsertOpts{
		MaxAttempts: 100, // the age of the mail ends it
		ScheduledAt: m.CreatedAt.Add(j.server.Settings.MailPause),
	})
	return err
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
	if _, err := s.DB.NewUpdate().Model(m).Column("failed_at").WherePK().Exec(ctx); err != nil {
		return err
	}
	return river.JobCancel(failed)
}

// NextRetry pauses twice as long after each failure.
func (w *mailWorker) NextRetry(job *river.Job[sendMail]) time.Time {
	pause := w.server.Settings.MailPause << min(job.Attempt, 20)
	return w.server.Now().Add(min(pause, mailMaxPause))
}
