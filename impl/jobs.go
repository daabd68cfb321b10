package impl

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/planoauth/planoauth/db"
)

const (
	// jobTimeout ends a job, unless its worker has a method Timeout. A mail that is being sent goes on.
	jobTimeout = 30 * time.Second
	// rescueAfter is the age at which a running job counts as lost with its server, and is retried. A mail that
	// is still being sent is claimed, so that it is not sent twice.
	rescueAfter = jobTimeout + time.Minute
	// jobWorkers is the number of jobs at once. Most are mails, which wait for others.
	jobWorkers = 16
)

// riverLog discards River's log: each worker logs its own errors, in the same form as the rest of the server.
var riverLog = slog.New(slog.DiscardHandler)

// newJobInserter returns the client that inserts jobs in bun's transactions.
func newJobInserter(d *db.DB) (*river.Client[*sql.Tx], error) {
	return river.NewClient(riverdatabasesql.New(d.DB.DB), &river.Config{
		Logger: riverLog, Test: river.TestConfig{Time: insertClock{jobClock{d}}},
	})
}

// jobClock is the clock of River: that of the database.
type jobClock struct{ db *db.DB }

// Now returns the time.
func (c jobClock) Now() time.Time { return c.db.Now() }

// NowOrNil returns nil: in statements, the database asks its clock.
func (jobClock) NowOrNil() *time.Time { return nil }

// insertClock is jobClock for inserts, which would otherwise ask this machine's clock.
type insertClock struct{ jobClock }

// NowOrNil returns the time.
func (c insertClock) NowOrNil() *time.Time { return new(c.Now().UTC()) }

// newJobRunner returns the client that runs all jobs of the server. It asks for new ones once a second and,
// unless it may not listen, is notified of them.
func newJobRunner(s *Server, pollOnly bool) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &mailWorker{server: s})
	river.AddWorker(workers, &linkWorker{server: s})
	river.AddWorker(workers, &cleanUpWorker{server: s})
	return river.NewClient(riverpgxv5.New(s.DB.Pool), &river.Config{
		Logger:  riverLog,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobWorkers}},
		Workers: workers,

		PollOnly:             pollOnly,
		PeriodicJobs:         []*river.PeriodicJob{hourlyCleanUp(s.DB)},
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,

		// A mail may wait for minutes for its provider. Others must not wait for it.
		JobStuckHandler: func(_ context.Context, p river.JobStuckHandlerParams) river.JobStuckHandlerResult {
			return river.JobStuckHandlerResult{AddWorkerSlot: p.TotalStuckJobs <= maxDeliveries}
		},
		Test: river.TestConfig{Time: jobClock{s.DB}},
	})
}
