package personal

import (
	"testing"

	"github.com/planoauth/planoauth/db"
)

// TestExportedEvent leaves out where somebody else was when they did something to the person.
func TestExportedEvent(t *testing.T) {
	for _, row := range []struct {
		name         string
		actor        int64
		addressShown bool
	}{{"the person", 3, true}, {"somebody who was not signed in", 0, true}, {"somebody else", 4, false}} {
		event := exportedEvent(3, &db.AuditEvent{ActorID: row.actor, SubjectID: 3, IP: "203.0.113.7", UserAgent: "Firefox", Changed: []string{}})
		if shown := event.IP != "" || event.UserAgent != ""; shown != row.addressShown || event.ActorID != row.actor {
			t.Errorf("of what %s did, it shows %+v", row.name, event)
		}
	}
}
