package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// ListNotifications returns at most limit notifications, the newest first; with unacknowledged only those.
func ListNotifications(ctx context.Context, d *db.DB, unacknowledged bool, limit int64) (notifications []db.Notification, _ error) {
	query := d.NewSelect().Model(&notifications).Order("created_at DESC", "id DESC").Limit(limit)
	if unacknowledged {
		query.Where("acknowledged_at IS NULL")
	}
	err := query.Scan(ctx)
	return notifications, err
}

// AcknowledgeNotifications acknowledges the notifications with these ids, for nobody in particular. One that is
// acknowledged stays as it is. If one does not exist, it changes none.
func AcknowledgeNotifications(ctx context.Context, d *db.DB, ids []int64, now time.Time) error {
	return change(ctx, d, "notification ack", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		event.Changed = []string{"acknowledged"}
		for _, id := range slices.Sorted(slices.Values(ids)) { // in one order, so that two commands do not deadlock
			n := &db.Notification{ID: id}
			found, err := db.FindForUpdate(ctx, tx, n)
			switch {
			case err != nil:
				return err
			case !found:
				return fmt.Errorf("there is no notification #%d", id)
			case !n.AcknowledgedAt.IsZero():
				continue
			}
			n.AcknowledgedAt = now
			if err := db.Update(ctx, tx, n, "acknowledged_at"); err != nil {
				return err
			}
		}
		return nil
	})
}
