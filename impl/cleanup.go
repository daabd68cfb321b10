package impl

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/planoauth/planoauth/db"
)

const (
	cleanUpEvery = time.Hour
	cleanUpLimit = time.Hour            // for one run; what is left then is left to the next
	cleanUpPages = 64                   // of a table that one statement looks at: half a megabyte
	cleanUpPause = 5 * time.Millisecond // between statements, for everybody else

	linksKept         = 37 * 24 * time.Hour // the longest life of a link, and 30 days
	googleStatesKept  = 24 * time.Hour
	triesKept         = 24 * time.Hour // as far back as the bounds look
	requestsKept      = 10 * time.Minute
	mailsKept         = 30 * 24 * time.Hour // after they were sent or given up
	notificationsKept = 365 * 24 * time.Hour
)

// outdated says which rows of a table are removed: those for which the condition holds, whose $1, $2 are the present less
// these ages.
type outdated struct {
	table, condition string
	ages             []time.Duration
}

// allOutdated is all that is ever cleaned up. A session is told of for a while after its end; with remember_me it has none.
var allOutdated = []outdated{
	{"sessions", "(created_at <= $1 OR last_used_at <= $2) AND NOT EXISTS (SELECT FROM users u WHERE u.id = user_id AND u.remember_me)",
		[]time.Duration{sessionLifetime + sessionRetention, sessionIdleLimit + sessionRetention}},
	{"links", "created_at <= $1", []time.Duration{linksKept}},
	{"google_states", "created_at <= $1", []time.Duration{googleStatesKept}},
	{"tries", "last_at <= $1", []time.Duration{triesKept}},
	{"address_requests", "minute <= $1", []time.Duration{requestsKept}},
	{"known_addresses", "signed_in_at <= $1", []time.Duration{knownFor}},
	{"mails", "coalesce(sent_at, failed_at) <= $1", []time.Duration{mailsKept}},
	{"notifications", "acknowledged_at <= $1", []time.Duration{notificationsKept}},
}

// cleanUp is the job that removes what nobody will ask for again.
type cleanUp struct{}

// Kind names the job in the queue.
func (cleanUp) Kind() string { return "clean_up" }

// everyHour makes one such job an hour, however many replicas there are and however often they start. One that fails is not
// retried: the next one does its work.
func everyHour() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(cleanUpEvery), func() (river.JobArgs, *river.InsertOpts) {
		return cleanUp{}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: cleanUpEvery}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type cleanUpWorker struct {
	river.WorkerDefaults[cleanUp]
	server *Server
}

// Timeout is longer than that of other jobs.
func (w *cleanUpWorker) Timeout(*river.Job[cleanUp]) time.Duration { return cleanUpLimit }

// Work goes through the tables. What cannot be removed from one keeps the others from nothing.
func (w *cleanUpWorker) Work(ctx context.Context, _ *river.Job[cleanUp]) (failed error) {
	s := w.server
	for _, o := range allOutdated {
		removed, err := s.remove(ctx, o)
		if removed > 0 {
			s.Log.Info("cleaned up", "table", o.table, "rows", removed)
		}
		if ctx.Err() != nil {
			return ctx.Err() // the server stops, or this took too long
		}
		if err != nil {
			failed = err
			s.Log.Error("a table could not be cleaned up", "table", o.table, "cause", err.Error())
			s.notify(ctx, db.Notification{Kind: "clean-up-failed", Message: "What is outdated in the table " + o.table + " could not be removed; the cause is in the log."})
		}
	}
	return failed
}

// remove walks through a table page by page, so that it needs no index, and no statement takes long or holds many locks. A row
// that somebody else has locked is left to the next run: cleaning up waits for nobody, and so is in no deadlock.
func (s *Server) remove(ctx context.Context, o outdated) (removed int64, _ error) {
	var args []any
	for _, age := range o.ages {
		args = append(args, s.Now().UTC().Truncate(time.Millisecond).Add(-age))
	}
	pages, err := s.DB.TablePages(ctx, o.table)
	if err != nil {
		return 0, err
	}
	for page := int64(0); page < pages; page += cleanUpPages {
		deleted, err := s.DB.DeletePages(ctx, o.table, o.condition, page, page+cleanUpPages, args...)
		if err != nil {
			return removed, err
		}
		removed += deleted
		select {
		case <-ctx.Done():
			return removed, ctx.Err()
		case <-time.After(cleanUpPause):
		}
	}
	return removed, nil
}
