package admin

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

var errNothing = errors.New("nothing to change: pass at least one flag")

// change runs a change by a verb in a transaction, which also saves its audit event. do completes the event with what
// it is about.
func change(
	ctx context.Context, d *db.DB, verb string, now time.Time, do func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error,
) error {
	event := db.AuditEvent{Operation: verb, Changed: []string{}}
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := do(ctx, tx, &event); err != nil {
			return err
		}
		return record(ctx, tx, now, event)
	})
}
