package admin

import (
	"time"

	"github.com/planoauth/planoauth/db"
)

// auditEvent describes a verb that has changed something. The subject is the user whom it was about, 0 for none.
// What it changed has the names of the params of the operation that does the same.
func auditEvent(verb string, now time.Time, subject int64, changed []string) *db.AuditEvent {
	return &db.AuditEvent{
		CreatedAt: now, Operation: verb, Status: "action-successful", Command: true, SubjectID: subject, Changed: changed, Count: 1,
	}
}
