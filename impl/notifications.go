package impl

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var notifications = listing[db.Notification]{
	search: map[string]string{
		"kind":    "search_text(?TableAlias.kind)",
		"message": "search_text(?TableAlias.message)",
	},
	filters: map[string]string{"unacknowledged": "?TableAlias.acknowledged_at IS NULL"},
	sorts: map[string]sorting[db.Notification]{
		"created_at": {"?TableAlias.created_at", func(n *db.Notification) any { return n.CreatedAt }},
	},
	sort: "created_at",
	id:   func(n *db.Notification) int64 { return n.ID },
}

// NotificationsIndex lists the notifications for operators.
func (s *Server) NotificationsIndex(ctx context.Context, req gen.NotificationsIndexRequestObject) (
	gen.NotificationsIndexResponseObject, error,
) {
	c, view := callOf(ctx), req.Body.View
	found, refusal, err := list(s, c, &notifications, func(q *bun.SelectQuery) { q.Column(notificationColumns(view)...) })
	if refusal != nil || err != nil {
		return refusal, err
	}
	return gen.NotificationsIndexActionSuccessful{Data: gen.NotificationList{
		Results: views(found, view, notificationView), Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, nil
}

// NotificationsUpdate acknowledges a notification, or withdraws that. The first user who acknowledged it is
// kept.
func (s *Server) NotificationsUpdate(ctx context.Context, req gen.NotificationsUpdateRequestObject) (
	gen.NotificationsUpdateResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	n := db.Notification{ID: p.ID}
	update := s.DB.NewUpdate().Model(&n).WherePK()
	for _, column := range notificationColumns(p.View) {
		update.Returning("?", bun.Ident(column))
	}
	if p.Acknowledged {
		update.Set("acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN ? ELSE acknowledged_by END", c.session.UserID).
			Set("acknowledged_at = coalesce(acknowledged_at, ?)", c.now)
	} else {
		update.Set("acknowledged_by = NULL").Set("acknowledged_at = NULL")
	}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		changed, err := db.ChangedOne(update.Conn(tx).Exec(ctx))
		if err == nil && !changed {
			return errGone
		}
		return err
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noNotification}, nil
	case err != nil:
		return nil, err
	}
	return gen.NotificationsUpdateActionSuccessful{Data: notificationView(p.View, &n)}, nil
}

var noNotification = []gen.ParamError{paramError("id", gen.Exists, "there is no such notification")}

// notificationKind says what failed. The column notifications.kind stores it, and operators search for it.
type notificationKind string

// The kinds of notifications.
const (
	applicationCrash notificationKind = "application-crash"
	mailFailed       notificationKind = "mandrill-email-failed" // by any mailer: clients know this name
	mailGivenUp      notificationKind = "mail-given-up"
	cleanUpFailed    notificationKind = "clean-up-failed"
)

// Beyond so many notifications of a kind and operation in an hour, one counts all others.
const (
	notificationsAlone  = 10
	notificationsWithin = time.Hour
)

// notify saves a notification for the operators, even when the request was canceled. If that fails, both errors are
// logged.
func (s *Server) notify(ctx context.Context, kind notificationKind, n db.Notification) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	n.Kind, n.CreatedAt = string(kind), s.Now()
	if err := s.DB.AddNotification(ctx, &n, notificationsAlone, n.CreatedAt.Add(-notificationsWithin)); err != nil {
		s.Log.Error("saving a notification failed", "kind", n.Kind, "request_id", n.RequestID, "message", n.Message, "cause", err.Error())
	}
}
