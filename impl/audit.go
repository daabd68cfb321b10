package impl

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// errGone means that the subject of an operation was deleted after it was read.
var errGone = errors.New("the row was deleted")

const successful = "action-successful"

// change runs a change in a transaction, which also saves the audit event of the call, unless do has saved it.
func (s *Server) change(c *call, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.changeAs(c, func(ctx context.Context, tx bun.Tx) (string, error) { return successful, do(ctx, tx) })
}

// changeAs is change for operations that have several successes: do returns the slug.
func (s *Server) changeAs(c *call, do func(ctx context.Context, tx bun.Tx) (slug string, _ error)) error {
	return s.transaction(c, func(ctx context.Context, tx bun.Tx) error {
		slug, err := do(ctx, tx)
		if err != nil || c.audited {
			return err
		}
		return c.record(ctx, tx, slug)
	})
}

// transaction runs do in a transaction. If that is rolled back, so is an audit event that do has saved.
func (s *Server) transaction(c *call, do func(ctx context.Context, tx bun.Tx) error) error {
	err := s.DB.RunInTx(c.context(), nil, do)
	c.audited = c.audited && err == nil
	return err
}

// record saves the audit event of the call: there is one at most.
func (c *call) record(ctx context.Context, idb bun.IDB, status string) error {
	event := c.auditEvent(status)
	event.Changed = c.changedParams()
	c.audited = true
	return db.Insert(ctx, idb, event)
}

// recordNothing keeps change from saving an audit event: the transaction only counts an attempt.
func (c *call) recordNothing() { c.audited = true }

// recordRead saves the audit event of an operation that changes nothing, if the spec says that it has one.
func (s *Server) recordRead(c *call, status string) error {
	if c.op.Audit != "read" || !succeeded(status) {
		return nil
	}
	return c.record(c.context(), s.DB, status)
}

// recordsRefusals adds to a step that its refusals are recorded.
func (s *Server) recordsRefusals(step step) step {
	return func(c *call) (gen.Outcome, error) {
		refusal, err := step(c)
		if refusal != nil {
			s.recordRefusal(c, refusal.Slug())
		}
		return refusal, err
	}
}

// recordRefusal records that a sign-in or an administrative operation was refused. A call that has an audit event
// already, because it changed something, gets no second one.
func (s *Server) recordRefusal(c *call, status string) {
	if c.op.Audit != "sign-in" && !administrative(c.op) || c.audited || succeeded(status) {
		return
	}
	s.refusals.add(*c.auditEvent(status), c.network())
}

// succeeded reports whether a slug is one of success.
func succeeded(slug string) bool { return slug == successful || slices.Contains(successes, slug) }

// successes are the slugs of success.
var successes = func() (slugs []string) {
	for _, status := range gen.Statuses {
		if status.Code < 300 {
			slugs = append(slugs, status.Slug)
		}
	}
	return slugs
}()

// administrative reports whether an operation counts as administration.
func administrative(op *gen.Operation) bool {
	return op.Access != "" || op.ID == gen.OperationNotificationsUpdate
}

// auditEvent describes the call and its outcome. The actor of a sign-in is the user who signs in, unless an application
// calls.
func (c *call) auditEvent(status string) *db.AuditEvent {
	event := &db.AuditEvent{
		CreatedAt: c.now, Operation: c.operation(), Status: status, SubjectID: c.auditSubject(), RequestID: c.id, IP: c.ip,
		UserAgent: userAgent(c.req), Count: 1, Administration: administrative(c.op),
	}
	switch {
	case c.clientApp != nil:
		event.ActorApplication = c.clientApp.Slug
	case c.op.Audit == "sign-in" && status == successful:
		event.ActorID = event.SubjectID
	case c.session != nil:
		event.ActorID = c.session.UserID
	}
	if app := c.auditApplication(); app != nil {
		event.Application = app.Slug
	}
	if c.forgotten {
		event.IP, event.UserAgent = "", ""
	}
	return event
}

// auditSubject returns the user that the call is about, 0 for none. The caller of an administrative operation is its
// subject only if the params name them.
func (c *call) auditSubject() int64 {
	if administrative(c.op) && c.about == nil && (c.session == nil || c.subject.user == c.session.UserID) {
		return 0
	}
	return c.subject.user
}

// auditApplication returns the application that the call is about, nil if there is none.
func (c *call) auditApplication() *db.Application {
	if app := c.namedApp(); app != nil {
		return app
	}
	if c.sessionApp != nil {
		return c.sessionApp
	}
	return c.registry.appsByID[c.subject.application]
}

// unchanging are the params that are no new value: they name what is changed, prove who may change it, or select what
// is shown. An e-mail address names a person, or the mailbox of a link.
var unchanging = []string{
	"id", "session_id", "token_id", "email", "token", "view", "session_view", "application_view", "application", "redirect_url",
	"current_password", "reset_token", "verification_token", "email_token", "undo_token", "code", "state", "verifier",
}

// changedParams returns the dotted paths of the params that change something, in the order of the spec. Those of
// operations on sessions, and of operations that look at something, change nothing.
func (c *call) changedParams() (changed []string) {
	if c.op.Service == "sessions" || c.op.Audit == "read" {
		return nil
	}
	for _, path := range c.op.ParamOrder {
		_, nested := param(c.params, path).(map[string]any)
		top, _, _ := strings.Cut(path, ".")
		if passed(c.params, path) && !nested && !slices.Contains(unchanging, top) && path != c.op.Subject.Param {
			changed = append(changed, path)
		}
	}
	return changed
}
