package main

import (
	"context"
	"strconv"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
)

type notification struct {
	List notificationList `cmd:"" help:"List the notifications, the newest first."`
	Ack  notificationAck  `cmd:"" help:"Acknowledge notifications."`
}

type notificationList struct {
	database
	listing
	Unacknowledged bool  `help:"Only those that nobody has acknowledged."`
	Limit          int64 `default:"100" help:"How many to list at most."`
}

// Run prints the notifications.
func (l *notificationList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		notifications, err := admin.ListNotifications(ctx, d, l.Unacknowledged, l.Limit)
		if err != nil {
			return err
		}
		items, rows := make([]gen.Notification, len(notifications)), make([][]string, len(notifications))
		for i, n := range notifications {
			items[i] = gen.Notification{
				ID: n.ID, Kind: n.Kind, CreatedAt: timeText(n.CreatedAt), Count: n.Count,
				Operation: n.Operation, Message: n.Message, RequestID: n.RequestID,
				AcknowledgedAt: timeText(n.AcknowledgedAt), AcknowledgedBy: n.AcknowledgedBy,
			}
			rows[i] = []string{
				strconv.FormatInt(n.ID, 10), dateText(n.CreatedAt), n.Kind, n.Operation, strconv.FormatInt(n.Count, 10),
				dateText(n.AcknowledgedAt), n.Message,
			}
		}
		return l.print(items, []string{"ID", "CREATED", "KIND", "OPERATION", "COUNT", "ACKNOWLEDGED", "MESSAGE"}, rows)
	})
}

type notificationAck struct {
	database
	IDs []int64 `arg:"" name:"id" help:"The ids of the notifications, as notification list prints them."`
}

// Run acknowledges the notifications, all or none.
func (a *notificationAck) Run(ctx context.Context) error {
	return a.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.AcknowledgeNotifications(ctx, d, a.IDs, time.Now())
	})
}
