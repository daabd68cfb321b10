package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/impl/mailer"
)

// TestChangesCountWithinASecond runs alone: what an operator changes by SQL counts within a second on every
// replica, by the notifications of the triggers, and where those are lost, by polling. The best of three
// counts, since the machine may be busy.
func TestChangesCountWithinASecond(t *testing.T) {
	for _, how := range []string{"by notification", "by polling"} {
		t.Run(how, func(t *testing.T) {
			e := start(t)
			other := *e
			other.url = e.replica(cheapSettings, &mailer.Mailbox{})
			if how == "by polling" {
				e.exec("ALTER TABLE routes DISABLE TRIGGER USER")
			}
			read := func(e *env) string {
				return e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json").status()
			}
			best := map[string]time.Duration{}
			for range 3 {
				for _, change := range []struct{ to, want string }{{"NULL", "route-not-found"}, {"now()", "missing-param"}} {
					e.exec("UPDATE routes SET deployed_at = " + change.to)
					changed := time.Now()
					e.within(busyLimit, change.want, func() bool { return read(e) == change.want && read(&other) == change.want })
					if took := time.Since(changed); best[change.want] == 0 || took < best[change.want] {
						best[change.want] = took
					}
				}
			}
			for want, took := range best {
				if took > time.Second {
					t.Errorf("%s comes %v after the change", want, took)
				}
			}
		})
	}
}

// TestRegistryCopy: while the tables are missing, every replica serves from its copy for a minute and no
// longer.
func TestRegistryCopy(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.url = e.replica(cheapSettings, &mailer.Mailbox{})
	read := func(e *env) string {
		return e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json").status()
	}
	e.exec("ALTER TABLE services RENAME TO services_away")
	for _, moved := range []time.Duration{0, 40 * time.Second} {
		e.clock.move(moved)
		if got := read(e); got != "missing-param" {
			t.Errorf("after %v: %s", moved, got)
		}
	}
	e.clock.move(21 * time.Second)
	// A reading that began before the tables were missing may still end.
	e.within(busyLimit, "after 61 s the copy is too old", func() bool { return read(e) == "identify-request-error" })
	e.exec("ALTER TABLE services_away RENAME TO services")
	e.within(busyLimit, "both replicas recover", func() bool { return read(e) == "missing-param" && read(&other) == "missing-param" })
	e.exec("UPDATE routes SET deployed_at = NULL WHERE path = '/api/v1/sessions/read'")
	e.within(busyLimit, "both replicas know of the change", func() bool { return read(e) == "route-not-found" && read(&other) == "route-not-found" })
	e.exec("UPDATE routes SET deployed_at = now() WHERE path = '/api/v1/sessions/read'")
	e.within(busyLimit, "and of its end", func() bool { return read(e) == "missing-param" && read(&other) == "missing-param" })
}

// TestUnusableOrigins: a redirect origin that operators wrote by SQL and that no browser can send is logged, once.
func TestUnusableOrigins(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET redirect_origins = '{https://*.x.example, https://order.example, nonsense}' WHERE slug = 'planoorder'"))
	logged := func(origin string) int {
		return strings.Count(e.logs.String(), `"application":"planoorder","origin":"`+origin+`"`)
	}
	e.exec("UPDATE applications SET redirect_origins = '{https://*.x.example, https://order.example, https://y.example/path}' WHERE slug = 'planoorder'")
	e.within(busyLimit, "the new list is read", func() bool { return logged("https://y.example/path") == 1 })
	for origin, want := range map[string]int{"https://*.x.example": 1, "nonsense": 1, "https://order.example": 0} {
		if got := logged(origin); got != want {
			t.Errorf("%s is logged %d times, not %d", origin, got, want)
		}
	}
}
