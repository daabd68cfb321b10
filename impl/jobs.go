package impl

import (
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
	// jobTimeout ends a job, unless its worker has a method Timeout.
	jobTimeout = 30 * time.Second
	// rescueAfter is the age at which a running job counts as lost with its server, and is retried. It is
	// longer than sending a mail takes, even one that begins when jobTimeout ends, so that no mail is sent
	// twice at the same time.
	rescueAfter = jobTimeout + sendTimeout + saveTimeout + 15*time.Second
)

// riverLog discards River's log: each worker logs its own errors, in the same form as the rest of the server.
var riverLog = slog.New(slog.DiscardHandler)

// newJobInserter returns the client that inserts jobs in bun's transactions.
func newJobInserter(d *db.DB) (*river.Client[*sql.Tx], error) {
	return river.NewClient(riverdatabasesql.New(d.DB.DB), &river.Config{Logger: riverLog})
}

// newJobRunner returns the client that runs all jobs of the server.
func newJobRunner(s *Server) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &mailWorker{server: s})
	river.AddWorker(workers, &linkWorker{server: s})
	river.AddWorker(workers, &cleanUpWorker{server: s})
	return river.NewClient(riverpgxv5.New(s.DB.Pool), &river.Config{
		Logger:  riverLog,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		Workers: workers,

		PeriodicJobs:         []*river.PeriodicJob{hourlyCleanUp()},
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
	})
}
