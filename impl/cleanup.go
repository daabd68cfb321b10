package impl

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
)

const (
	cleanUpInterval = time.Hour
	cleanUpTimeout  = time.Hour            // for one run; the next run deletes what is left
	cleanUpPages    = 64                   // pages of a table that one statement scans: half a megabyte
	cleanUpPause    = 5 * time.Millisecond // between statements, to leave the database to requests
	cleanUpEvents   = 1000                 // audit events that one statement deletes

	linkRetention           = 37 * 24 * time.Hour // the longest lifetime of a link, and 30 days
	googleStateRetention    = time.Hour           // a sign-in must be completed within ten minutes
	unusedUserRetention     = 30 * 24 * time.Hour
	triesRetention          = 24 * time.Hour // the longest period of a rate limit
	addressRequestRetention = 10 * time.Minute
	mailRetention           = 30 * 24 * time.Hour // after a mail was sent, given up, or queued and never finished
	notificationRetention   = 365 * 24 * time.Hour
)

// retentionRule states which rows of a table are deleted: those for which the condition holds. In it, ?0 and
// ?1 are the current time minus the first and the second age.
type retentionRule struct {
	table, condition string
	ages             []time.Duration
}

// retentionRules lists everything that is deleted because of its age, except audit events. Sessions are kept for a
// while after their end, so that their tokens answer session-expired; with remember_me a session has no end.
var retentionRules = []retentionRule{
	{"sessions", "(created_at <= ?0 OR last_used_at <= ?1) AND NOT EXISTS (SELECT FROM users u WHERE u.id = user_id AND u.remember_me)",
		[]time.Duration{sessionLifetime + sessionRetention, sessionIdleLimit + sessionRetention}},
	{"links", "created_at <= ?0", []time.Duration{linkRetention}},
	// A sign-in with Google creates a user without a record. One who never got a record, and whose address is not
	// verified, may be anybody.
	{"users", `created_at <= ?0 AND email_verified_at IS NULL AND NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = users.id)
AND NOT EXISTS (SELECT FROM clients c WHERE c.user_id = users.id) AND NOT EXISTS (SELECT FROM employees e WHERE e.user_id = users.id)
AND NOT EXISTS (SELECT FROM liaisons l WHERE l.user_id = users.id)`, []time.Duration{unusedUserRetention}},
	{"google_states", "created_at <= ?0", []time.Duration{googleStateRetention}},
	{"tries", "last_at <= ?0", []time.Duration{triesRetention}},
	{"address_requests", "minute <= ?0", []time.Duration{addressRequestRetention}},
	{"known_addresses", "signed_in_at <= ?0", []time.Duration{knownAddressLife}},
	{"mails", "coalesce(sent_at, failed_at, created_at) <= ?0", []time.Duration{mailRetention}},
	{"mails", "kind = '" + string(mailer.AccountDeleted) + "' AND created_at <= ?0", []time.Duration{mailLife}},
	{"notifications", "acknowledged_at <= ?0", []time.Duration{notificationRetention}},
}

// cleanUp is the job that applies the retention rules.
type cleanUp struct{}

// Kind returns the name of the job in the queue.
func (cleanUp) Kind() string { return "clean_up" }

// hourlyCleanUp inserts one job per hour, however many replicas run and however often they start. A failed
// job is not retried, since the next one does its work.
func hourlyCleanUp(d *db.DB) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(cleanUpInterval), func() (river.JobArgs, *river.InsertOpts) {
		return cleanUp{}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: cleanUpInterval}, ScheduledAt: d.Now()}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type cleanUpWorker struct {
	river.WorkerDefaults[cleanUp]
	server *Server
}

// Timeout returns the time limit of a run, which is longer than that of other jobs.
func (w *cleanUpWorker) Timeout(*river.Job[cleanUp]) time.Duration { return cleanUpTimeout }

// Work applies every rule. A rule that fails does not keep the others from being applied.
func (w *cleanUpWorker) Work(ctx context.Context, _ *river.Job[cleanUp]) (failed error) {
	s := w.server
	for _, rule := range retentionRules {
		deleted, err := rule.apply(ctx, s.DB, s.Now())
		if err := s.cleanedUp(ctx, rule.table, deleted, err); err != nil {
			failed = err
		}
		if ctx.Err() != nil {
			return ctx.Err() // the server stops, or the time limit is over
		}
	}
	deleted, err := s.cleanUpAudit(ctx)
	if err := s.cleanedUp(ctx, "audit_events", deleted, err); err != nil {
		failed = err
	}
	return failed
}

// cleanedUp logs what a run has done to a table, and notifies operators of an error. It returns the error.
func (s *Server) cleanedUp(ctx context.Context, table string, deleted int64, err error) error {
	if deleted > 0 {
		s.Log.Info("clean-up deleted rows", "table", table, "rows", deleted)
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	s.Log.Error("clean-up failed", "table", table, "cause", err.Error())
	s.notify(ctx, cleanUpFailed, db.Notification{
		Message: "Old rows of the table " + table + " could not be deleted. The cause is in the log.",
	})
	return err
}

// cleanUpAudit deletes the audit events that are older than AUDIT_DAYS, the oldest first.
func (s *Server) cleanUpAudit(ctx context.Context) (deleted int64, _ error) {
	if s.Settings.AuditDays == 0 {
		return 0, nil
	}
	upTo := s.Now().UTC().Truncate(time.Millisecond).AddDate(0, 0, -s.Settings.AuditDays)
	for {
		n, err := db.CleanUpAudit(ctx, s.DB, upTo, cleanUpEvents)
		if deleted += n; err != nil || n == 0 {
			return deleted, err
		}
		if err := pauseCleanUp(ctx); err != nil {
			return deleted, err
		}
	}
}

// pauseCleanUp leaves the database to requests for a moment.
func pauseCleanUp(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(cleanUpPause):
		return nil
	}
}

// apply deletes the rows that are too old, a few pages of the table per statement: it needs no index, and no
// statement takes long or holds many locks. Rows that are locked are left to the next run, so that a clean-up
// never waits and causes no deadlock.
func (r *retentionRule) apply(ctx context.Context, d *db.DB, now time.Time) (deleted int64, _ error) {
	var limits []any
	for _, age := range r.ages {
		limits = append(limits, now.UTC().Truncate(time.Millisecond).Add(-age))
	}
	var pages int64
	err := d.NewRaw("SELECT pg_relation_size(?::regclass) / current_setting('block_size')::bigint", r.table).Scan(ctx, &pages)
	if err != nil {
		return 0, err
	}
	for page := int64(0); page < pages; page += cleanUpPages {
		done, err := d.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
SELECT ctid FROM %[1]s WHERE ctid >= '(%[3]d,0)' AND ctid < '(%[4]d,0)' AND %[2]s FOR UPDATE SKIP LOCKED))`,
			r.table, r.condition, page, page+cleanUpPages), limits...)
		if err != nil {
			return deleted, err
		}
		rows, err := done.RowsAffected()
		if deleted += rows; err != nil {
			return deleted, err
		}
		if err := pauseCleanUp(ctx); err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}
