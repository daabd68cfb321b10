package impl

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// errGone means that what an operation is about was deleted since it was read.
var errGone = errors.New("the row was deleted")

// change runs a change in a transaction, which also saves the audit event of the call.
func (s *Server) change(c *call, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.changeAs(c, func(ctx context.Context, tx bun.Tx) (string, error) { return "action-successful", do(ctx, tx) })
}

// changeAs is change for operations that have several successes: do returns the slug.
func (s *Server) changeAs(c *call, do func(ctx context.Context, tx bun.Tx) (slug string, _ error)) error {
	return s.DB.RunInTx(c.context(), nil, func(ctx context.Context, tx bun.Tx) error {
		slug, err := do(ctx, tx)
		if err != nil {
			return err
		}
		return db.Insert(ctx, tx, c.auditEvent(slug))
	})
}

// auditEvent describes the call and its outcome.
func (c *call) auditEvent(status string) *db.AuditEvent {
	event := &db.AuditEvent{
		CreatedAt: c.now, Operation: c.operation(), Status: status, RequestID: c.id, IP: c.ip, UserAgent: userAgent(c.req),
		Changed: c.changedParams(), Count: 1,
	}
	switch {
	case c.clientApp != nil:
		event.ActorApplication = c.clientApp.Slug
	case c.session != nil:
		event.ActorID = c.session.UserID
	}
	event.SubjectID = c.subject.user
	if app := c.namedApp(); app != nil {
		event.Application = app.Slug
	} else if c.sessionApp != nil {
		event.Application = c.sessionApp.Slug
	}
	return event
}

// unchanging are params that say what is changed, by whom and what is shown, not what it is changed to.
var unchanging = []string{"id", "token", "view", "session_view", "application_view"}

// changedParams returns the dotted paths of the params that change something, in the order of the spec.
func (c *call) changedParams() []string {
	changed := []string{}
	for _, path := range c.op.ParamOrder {
		_, nested := param(c.params, path).(map[string]any)
		top, _, _ := strings.Cut(path, ".")
		if passed(c.params, path) && !nested && !slices.Contains(unchanging, top) {
			changed = append(changed, path)
		}
	}
	return changed
}
