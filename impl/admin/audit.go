package admin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// record saves the audit event of a verb, in the transaction of what it has changed.
func record(ctx context.Context, idb bun.IDB, now time.Time, event db.AuditEvent) error {
	event.CreatedAt, event.Status, event.Command, event.Count = now, "action-successful", true, 1
	return db.Insert(ctx, idb, &event)
}
