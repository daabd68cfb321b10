package tests

import (
	"syscall"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// TestLastUsedSetBack: an operator sets back the last_used_at of a session that has a pending update.
func TestLastUsedSetBack(t *testing.T) {
	t.Parallel()
	e := start(t, withServer(quickly))
	token := e.signIn(e.user(person{client: true}))
	e.clock.move(2 * time.Minute)
	if got := e.readAs("", token); got != "action-successful" {
		t.Fatalf("the session is %s", got)
	}
	e.exec("UPDATE sessions SET last_used_at = last_used_at - interval '4 days'")
	e.within(busyLimit, "the session has expired", func() bool { return e.readAs("", token) == "session-expired" })
	e.flush()
	if got := e.readAs("", token); got != "session-expired" {
		t.Errorf("the session is %s again", got)
	}
	if e.count("sessions WHERE last_used_at > $1", e.clock.now().Add(-90*time.Hour)) != 0 {
		t.Error("the update overwrote the operator's value")
	}
}

// TestLastUsedOfALockedSession: an update that finds the row locked is written later. The session counts as
// used before that.
func TestLastUsedOfALockedSession(t *testing.T) {
	t.Parallel()
	e := start(t, withServer(quickly))
	email := e.user(person{client: true})
	token := e.signIn(email)
	for _, then := range []string{"wait", "current", "all"} {
		tx, err := e.pool.Begin(t.Context())
		check(t, err)
		defer tx.Rollback(t.Context())
		_, err = tx.Exec(t.Context(), "SELECT FROM sessions FOR UPDATE")
		check(t, err)
		for _, later := range []time.Duration{71 * time.Hour, 2 * time.Hour} {
			e.clock.move(later)
			if got := e.readAs("", token); got != "action-successful" {
				t.Fatalf("after %v the session is %s", later, got)
			}
		}
		e.flush() // except for the locked row
		check(t, tx.Rollback(t.Context()))
		if then == "wait" {
			e.within(busyLimit, "the update is written", func() bool { return e.count("sessions WHERE last_used_at > $1", e.clock.now().Add(-time.Hour)) == 1 })
			continue
		}
		scope := client.SessionsDeleteParamsScope(then)
		outcome := want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(t.Context(), client.SessionsDeleteParams{Scope: scope}, client.WithToken(token)))(t)
		if outcome.Data.Count != 1 || e.count("sessions") != 0 {
			t.Errorf("%d sessions ended", outcome.Data.Count)
		}
		token = e.signIn(email)
	}
}

// TestLastUsedIsWrittenAtStop: pending updates whose rows are locked are written before the server stops.
func TestLastUsedIsWrittenAtStop(t *testing.T) {
	t.Parallel()
	for _, lock := range []string{"LOCK TABLE sessions IN EXCLUSIVE MODE", "SELECT FROM sessions FOR UPDATE"} {
		t.Run(lock, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t)
			var tokens []string
			for range 2 {
				tokens = append(tokens, p.signIn(p.user(person{client: true})))
			}
			p.exec("UPDATE sessions SET last_used_at = now() - interval '1 hour'")
			tx, err := p.pool.Begin(t.Context())
			check(t, err)
			defer tx.Rollback(t.Context())
			_, err = tx.Exec(t.Context(), lock)
			check(t, err)
			for _, token := range tokens {
				if got := p.readAs("", token); got != "action-successful" {
					t.Fatalf("the session is %s", got)
				}
				time.Sleep(1200 * time.Millisecond) // longer than the flush interval, so that the first update is attempted
			}
			check(t, p.cmd.Process.Signal(syscall.SIGTERM))
			time.Sleep(1500 * time.Millisecond)
			check(t, tx.Rollback(t.Context()))
			p.cmd.Wait()
			if n := p.count("sessions WHERE last_used_at > now() - interval '1 minute'"); n != 2 {
				t.Errorf("%d of 2 updates were written", n)
			}
		})
	}
}
