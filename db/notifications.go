package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// AddNotification saves a notification, unless there are more than so many of its kind and operation that were
// created after a time: the newest of those then counts it, if nobody has acknowledged it.
func (d *DB) AddNotification(ctx context.Context, n *Notification, most int, after time.Time) error {
	n.Count = 1
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// One after the other, so that the number is exact.
		_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "notifications "+n.Kind+" "+n.Operation).Exec(ctx)
		if err != nil {
			return err
		}
		counted, err := ChangedOne(tx.NewRaw(`
UPDATE notifications SET count = count + 1 WHERE id = (
	SELECT id FROM (
		SELECT id, acknowledged_at, count(*) OVER () AS made FROM notifications
		WHERE kind = ? AND operation = ? AND created_at > ?) AS recent
	WHERE made > ? ORDER BY id DESC LIMIT 1)
AND acknowledged_at IS NULL`, n.Kind, n.Operation, after, most).Exec(ctx))
		if counted || err != nil {
			return err
		}
		return Insert(ctx, tx, n)
	})
}
