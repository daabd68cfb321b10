package impl

import (
	"context"
	"time"

	"github.com/planoauth/planoauth/db"
)

// notify leaves a notification for the people who run the system. It is made even when the request was given up; when that
// fails too, the log has both.
func (s *Server) notify(ctx context.Context, n db.Notification) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	n.CreatedAt = s.Now()
	if _, err := s.DB.NewInsert().Model(&n).Exec(ctx); err != nil {
		s.Log.Error("a notification could not be saved", "kind", n.Kind, "request_id", n.RequestID, "message", n.Message, "cause", err.Error())
	}
}
