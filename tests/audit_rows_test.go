package tests

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/planoauth/planoauth/impl"
)

// TestAuditedFlood: of a flood ten refusals are events, and one event counts the rest.
func TestAuditedFlood(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }))
	minute := time.Now().Add(time.Minute).Truncate(time.Minute)
	e.clock.stop(minute.Add(10 * time.Second))
	flood := func(n int, address string) {
		for range n {
			a := e.send("POST", "/api/v1/sessions/create", b64(`{"email":"nobody@example.com","password":"x","application":"planoorder"}`), "Content-Type", "text/plain", "X-Forwarded-For", address)
			if a.status() != "email-not-found" {
				t.Fatalf("a refusal is %s", a.text)
			}
		}
	}
	counts := func() string {
		var text string
		check(t, e.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(n::text || '×' || count || ' ' || ip, ', ' ORDER BY ip, count), '') FROM (
			SELECT ip, count, count(*) AS n FROM audit_events WHERE operation = 'sessionsCreate' AND status = 'email-not-found' GROUP BY ip, count) AS c`).Scan(&text))
		return text
	}
	soon := func(want string) {
		t.Helper()
		e.within(busyLimit, want, func() bool { return counts() == want })
	}
	flood(10, "203.0.113.7")
	soon("10×1 203.0.113.7")
	flood(15, "203.0.113.7")
	flood(1, "203.0.113.8")
	soon("10×1 203.0.113.7, 1×1 203.0.113.8") // the clock stands still: the flood goes on
	e.auditSaved()
	soon("10×1 203.0.113.7, 1×1 203.0.113.8")
	e.clock.stop(minute.Add(11 * time.Second))
	soon("10×1 203.0.113.7, 1×15 203.0.113.7, 1×1 203.0.113.8")
	flood(3, "203.0.113.7")
	e.clock.stop(minute.Add(40 * time.Second))
	flood(1, "203.0.113.8")
	soon("10×1 203.0.113.7, 1×15 203.0.113.7, 2×1 203.0.113.8") // a second count waits for the end of the minute
	e.clock.stop(minute.Add(time.Minute))
	soon("10×1 203.0.113.7, 1×3 203.0.113.7, 1×15 203.0.113.7, 2×1 203.0.113.8")
	flood(1, "203.0.113.7")
	soon("11×1 203.0.113.7, 1×3 203.0.113.7, 1×15 203.0.113.7, 2×1 203.0.113.8")
}

// TestAuditIsSavedAtTheEnd: a server that is stopped saves the refusals that it has counted.
func TestAuditIsSavedAtTheEnd(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	for range 17 {
		p.send("POST", "/api/v1/sessions/create", b64(`{"unknown":1}`), "Content-Type", "text/plain")
	}
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	check(t, p.ended(busyLimit))
	var sum int
	check(t, p.pool.QueryRow(t.Context(), "SELECT sum(count) FROM audit_events WHERE status = 'missing-param'").Scan(&sum))
	if rows := p.count("audit_events WHERE status = 'missing-param'"); sum != 17 || rows > 12 {
		t.Errorf("%d events stand for %d refusals", rows, sum)
	}
}

// TestAuditWaitsForTheDatabase: refusals that cannot be saved are saved later.
func TestAuditWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec("ALTER TABLE audit_events RENAME TO audit_events_away")
	a := e.send("POST", "/api/v1/sessions/create", b64(`{"unknown":1}`), "Content-Type", "text/plain")
	const failed = "saving audit events of refusals failed"
	e.within(busyLimit, "saving fails", func() bool { return strings.Contains(e.logs.String(), failed) })
	e.exec("ALTER TABLE audit_events_away RENAME TO audit_events")
	e.within(busyLimit, "the refusal is saved", func() bool {
		return e.count("audit_events WHERE request_id = $1", a.header.Get("X-Request-Id")) == 1
	})
	if strings.Count(e.logs.String(), failed) != 1 {
		t.Error("that saving failed is logged more than once")
	}
}

// TestAuditStays has a row per statement: events can only be added.
func TestAuditStays(t *testing.T) {
	t.Parallel()
	e := start(t)
	ada, grace := e.userID(e.user(person{})), e.userID(e.user(person{}))
	e.exec(`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, ip, user_agent) VALUES
		(now() - interval '10 days', 'a', 's', $1, $2, '203.0.113.7', 'Mark I'), (now(), 'b', 's', NULL, $1, '203.0.113.7', 'Mark I'),
		(now(), 'c', 's', $2, $2, '203.0.113.7', 'Mark I'), (now(), 'd', 's', $1, NULL, '', 'Mark I')`, ada, grace)
	e.exec("INSERT INTO audit_events (created_at, operation, status) SELECT now(), 'e', 's' FROM generate_series(1, 3)")
	for _, row := range []struct {
		setting, statement string
		works              bool
	}{
		{"", "DELETE FROM audit_events", false},
		{"", "DELETE FROM audit_events WHERE false", false},
		{"", "TRUNCATE audit_events", false},
		{"clean-up", "TRUNCATE audit_events", false},
		{"", "UPDATE audit_events SET ip = ''", false},
		{"clean-up", "UPDATE audit_events SET ip = ''", false},
		{"forget", "DELETE FROM audit_events", false},
		{"forget", "UPDATE audit_events SET operation = 'x'", false},
		{"forget", "UPDATE audit_events SET ip = '203.0.113.8'", false},
		{"forget", "UPDATE audit_events SET ip = '', user_agent = '', count = 2", false},
		{"forget", "UPDATE audit_events SET ip = '', user_agent = ''", true},
		{"clean-up", "DELETE FROM audit_events", true},
	} {
		tx, err := e.pool.Begin(t.Context())
		check(t, err)
		_, err = tx.Exec(t.Context(), "SELECT set_config('planoauth.audit', $1, true)", row.setting)
		check(t, err)
		if _, err = tx.Exec(t.Context(), row.statement); (err == nil) != row.works {
			t.Errorf("%s with the setting %q: %v", row.statement, row.setting, err)
		}
		check(t, tx.Rollback(context.Background()))
	}
	e.exec("SELECT forget_in_audit_events($1)", ada)
	if e.count("audit_events WHERE operation IN ('a', 'b', 'd') AND ip = '' AND user_agent = ''") != 3 || e.count("audit_events WHERE operation = 'c' AND ip = '203.0.113.7' AND user_agent = 'Mark I'") != 1 {
		t.Error("the address and the browser of one person are not gone, or those of another are")
	}
	if e.count("audit_events WHERE actor_id = $1 OR subject_id = $1", ada) != 3 {
		t.Error("the ids are gone")
	}
	if _, err := e.pool.Exec(t.Context(), "DELETE FROM audit_events"); err == nil {
		t.Error("after forgetting, events can be deleted")
	}
}

// TestAuditForgetsTheDeleted: refusals that were waiting when their user was deleted are saved without address and
// browser.
func TestAuditForgetsTheDeleted(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.stop(time.Now().Truncate(time.Minute))
	email := e.user(person{client: true})
	for range 12 {
		e.send("POST", "/api/v1/sessions/create", b64(fmt.Sprintf(`{"email":%q,"password":"wrong","application":"planoorder"}`, email)), "Content-Type", "text/plain")
	}
	e.exec("DELETE FROM users WHERE email = $1", email)
	e.clock.move(time.Minute)
	e.clock.stop(e.clock.now().Add(time.Minute))
	e.within(busyLimit, "the count is saved", func() bool { return e.count("audit_events WHERE count = 2") == 1 })
	if e.count("audit_events WHERE count = 2 AND ip = '' AND user_agent = '' AND subject_id IS NOT NULL") != 1 {
		t.Error("the event of a deleted user has an address")
	}
}

// TestAuditIsCleanedUp: more events than one statement deletes go at once, and none where AUDIT_DAYS is 0.
func TestAuditIsCleanedUp(t *testing.T) {
	t.Parallel()
	for days, left := range map[int]int{0: 2501, 30: 1} {
		e := start(t, withSettings(func(s *impl.Settings) { s.AuditDays = days }))
		e.firstCleanUp()
		e.exec("INSERT INTO audit_events (created_at, operation, status) SELECT now() - interval '31 days', 'old', 's' FROM generate_series(1, 2500)")
		e.exec("INSERT INTO audit_events (created_at, operation, status) SELECT now() - interval '29 days', 'old', 's'")
		e.cleanUp(busyLimit)
		if n := e.count("audit_events WHERE operation = 'old'"); n != left {
			t.Errorf("with AUDIT_DAYS=%d %d events are left", days, n)
		}
	}
}
