package admin

import (
	"context"
	"errors"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// AuditFilter are the flags of `audit list`. Those that were not passed leave everything.
type AuditFilter struct {
	User      string `placeholder:"EMAIL" help:"Only events that this user caused, or that were about them."`
	Operation string `placeholder:"ID" help:"Only events of this operation, such as sessionsCreate, or of this verb, such as 'employee add'."`
	Limit     int64  `default:"100" placeholder:"N" help:"How many events at most."`
}

// ListedEvent is an audit event as `audit list` prints it. The users are those who still exist.
type ListedEvent struct {
	ID        int64        `json:"id"`
	CreatedAt time.Time    `json:"created_at"`
	Operation string       `json:"operation"`
	Status    string       `json:"status,omitempty"`
	Actor     *ListedActor `json:"actor,omitempty"`
	Subject   *ListedActor `json:"subject,omitempty"`

	Application string   `json:"application,omitempty"`
	RequestID   string   `json:"request_id,omitempty"`
	Count       int64    `json:"count"`
	IP          string   `json:"ip,omitempty"`
	UserAgent   string   `json:"user_agent,omitempty"`
	Changed     []string `json:"changed"`
}

// ListedActor is who did something, or the user it was about: one who has no Email once they were deleted, an
// application or the command.
type ListedActor struct {
	ID          int64  `json:"id,omitempty"`
	Email       string `json:"email,omitempty"`
	Application string `json:"application,omitempty"`
	Command     bool   `json:"command,omitempty"`
}

// ListAudit returns the newest audit events, the newest first.
func ListAudit(ctx context.Context, d *db.DB, filter AuditFilter) ([]ListedEvent, error) {
	if filter.Limit < 1 {
		return nil, errors.New("--limit must be at least 1")
	}
	var events []db.AuditEvent
	query := d.NewSelect().Model(&events).Order("created_at DESC", "id DESC").Limit(filter.Limit)
	if filter.User != "" {
		user, err := d.UserByEmail(ctx, formats.NormalizeEmail(filter.User))
		switch {
		case err != nil:
			return nil, err
		case user == nil:
			return nil, errors.New("--user must be the e-mail address of a user")
		}
		query.Where("subject_id = ?0 OR (actor_id = ?0 AND actor_id IS DISTINCT FROM subject_id)", user.ID)
	}
	if filter.Operation != "" {
		query.Where("operation = ?", filter.Operation)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, err
	}
	users, err := db.AuditedUsers(ctx, d, events)
	listed := make([]ListedEvent, len(events))
	for i := range events {
		listed[i] = listedEvent(&events[i], users)
	}
	return listed, err
}

func listedEvent(e *db.AuditEvent, users map[int64]*db.User) ListedEvent {
	actor := func(one ListedActor) *ListedActor {
		if user := users[one.ID]; user != nil {
			one.Email = user.Email
		}
		if one == (ListedActor{}) {
			return nil
		}
		return &one
	}
	return ListedEvent{
		ID: e.ID, CreatedAt: e.CreatedAt.UTC(), Operation: e.Operation, Status: e.Status,
		Actor:   actor(ListedActor{ID: e.ActorID, Application: e.ActorApplication, Command: e.Command}),
		Subject: actor(ListedActor{ID: e.SubjectID}), Application: e.Application, RequestID: e.RequestID,
		Count: e.Count, IP: e.IP, UserAgent: e.UserAgent, Changed: e.Changed,
	}
}
