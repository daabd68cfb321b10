package admin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// MigrateByCommand applies the pending migrations, and returns how many. If there were any it saves an audit event,
// after them: each migration has a transaction of its own. It returns db.ErrSchemaNewer where this version is too old.
func MigrateByCommand(ctx context.Context, d *db.DB, now time.Time) (applied int, _ error) {
	applied, err := db.MigrateCounting(ctx, d)
	if err == nil {
		err = db.CheckSchema(ctx, d)
	}
	if err != nil || applied == 0 {
		return applied, err
	}
	return applied, change(ctx, d, "migrate", now, func(context.Context, bun.Tx, *db.AuditEvent) error { return nil })
}
