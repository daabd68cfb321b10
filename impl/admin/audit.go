package admin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// change runs a change by the command in a transaction, which also saves its audit event. do may complete the event:
// its Operation, the verb, is set.
func change(ctx context.Context, d *db.DB, verb string, now time.Time, do func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error) error {
	event := commandEvent(verb, 0, now)
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := do(ctx, tx, event); err != nil {
			return err
		}
		return db.Insert(ctx, tx, event)
	})
}

// commandEvent is the audit event of a verb. userID is the user whom it was about, 0 for none.
func commandEvent(verb string, userID int64, now time.Time) *db.AuditEvent {
	return &db.AuditEvent{
		CreatedAt: now, Operation: verb, Status: "action-successful", Command: true, SubjectID: userID, Changed: []string{}, Count: 1,
	}
}
