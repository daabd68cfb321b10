package impl

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
)

// TestRefusalEvents adds refusals that nobody saves, and counts the events of each operation and their refusals.
func TestRefusalEvents(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 38, 0, 0, time.UTC)
	r := newRefusals(nil, slog.New(slog.DiscardHandler), func() time.Time { return now })
	add := func(n int, operation, status, network string, subject int64) {
		for range n {
			r.add(db.AuditEvent{Operation: operation, Status: status, SubjectID: subject, IP: network, RequestID: "r", Count: 1}, network)
		}
	}
	expect := func(what string, operation string, events, refusals int) {
		t.Helper()
		r.startMinute(now)
		var made, sum int
		for _, e := range r.unsaved {
			if e.Operation == operation {
				made, sum = made+1, sum+int(e.Count)
			}
		}
		if made != events || sum != refusals {
			t.Errorf("%s: %d events stand for %d refusals, not %d for %d", what, made, sum, events, refusals)
		}
	}
	add(30, "a", "invalid-password", "203.0.113.7", 1)
	expect("of one kind", "a", 10, 10)
	for _, other := range []struct {
		operation, status, network string
		subject                    int64
	}{
		{"a", "server-busy", "203.0.113.7", 1},
		{"a", "invalid-password", "203.0.113.8", 1},
		{"a", "invalid-password", "203.0.113.7", 2},
		{"b", "invalid-password", "203.0.113.7", 1},
	} {
		add(10, other.operation, other.status, other.network, other.subject)
	}
	expect("of other kinds", "a", 40, 40)
	expect("of another operation", "b", 10, 10)
	for i := range 2000 {
		add(1, "c", "missing-param", fmt.Sprint(i), 0)
	}
	add(20, "c", "invalid-param", "0", 0)
	expect("of too many networks", "c", 1000, 1000)
	now = now.Add(time.Minute)
	expect("a minute later, of one kind and others", "a", 41, 60)
	expect("a minute later, of too many networks", "c", 1001, 2020)
	for _, e := range r.unsaved {
		if e.Operation == "c" && e.Count > 1 && (e.Status != "" || e.IP != "" || e.RequestID != "") {
			t.Errorf("the event of different refusals is %+v", e)
		}
	}
	add(1, "c", "missing-param", "0", 0)
	expect("in the next minute", "c", 1002, 2021)

	// While nothing can be saved, what waits is bounded and nothing is forgotten.
	for minute := range 15 {
		now = now.Add(time.Minute)
		for i := range 1500 {
			add(1, "d", "missing-param", fmt.Sprint(minute, i), 0)
		}
	}
	now = now.Add(time.Minute)
	r.startMinute(now)
	sum := 0
	for _, e := range r.unsaved {
		if e.Operation == "d" {
			sum += int(e.Count)
		}
	}
	if sum != 15*1500 || len(r.unsaved) > refusalsUnsaved+30 {
		t.Errorf("%d events are waiting, which stand for %d refusals", len(r.unsaved), sum)
	}
}
