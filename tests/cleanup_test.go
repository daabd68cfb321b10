package tests

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// cleanUp runs the job that otherwise runs once an hour.
func (e *env) cleanUp(limit time.Duration) {
	e.t.Helper()
	e.exec("INSERT INTO river_job (kind, args, max_attempts) VALUES ('clean_up', '{}', 1)")
	e.wakeJobs()
	e.within(limit, "what is outdated is removed", func() bool {
		return e.count("river_job WHERE kind = 'clean_up' AND state IN ('available', 'running')") == 0 && e.count("river_job WHERE kind = 'clean_up'") > 0
	})
	if e.count("river_job WHERE kind = 'clean_up' AND state IN ('retryable', 'discarded', 'cancelled')")+e.count("notifications WHERE kind = 'clean-up-failed'") > 0 {
		e.t.Errorf("cleaning up failed: %s", e.logs)
	}
}

// firstCleanUp waits until the run at the server's start is over.
func (e *env) firstCleanUp() {
	e.t.Helper()
	e.within(time.Minute, "the first clean-up is over", func() bool { return e.count("river_job WHERE kind = 'clean_up' AND state = 'completed'") == 1 })
}

const day = 24 * time.Hour

// TestCleanUp puts rows on both sides of each retention limit: at the limit they are deleted, a millisecond
// before they stay.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	// The parameters of an insert are the row's time and a text that tells rows apart.
	const (
		ada      = "(SELECT id FROM users WHERE email = 'ada@example.com')"
		grace    = "(SELECT id FROM users WHERE email = 'grace@example.com')" // who is remembered
		app      = "(SELECT id FROM applications WHERE slug = 'planoorder')"
		sessions = "INSERT INTO sessions (application_id, method, token_digest, user_id, created_at, last_used_at) SELECT " + app + ", 'password', $2::text::bytea, "
		mails    = "INSERT INTO mails (kind, to_email, subject, text_body, html_body, created_at, sent_at, failed_at) SELECT $2::text, '', '', '', '', $1::timestamptz"
		notices  = "INSERT INTO notifications (kind, message, created_at, acknowledged_at) SELECT $2::text, '', $1::timestamptz"
	)
	link := func(kind string) string {
		return "INSERT INTO links (kind, user_id, application_id, token_digest, created_at) SELECT '" + kind + "', CASE $2 WHEN 'late' THEN " + ada +
			" ELSE " + grace + " END, " + app + ", $2::text::bytea, $1"
	}
	rows := []struct {
		name, table, insert string
		age                 time.Duration // at which the row goes; 0 when it stays
	}{
		{"a session ends 7 days after its creation and is kept for 30 days", "sessions", sessions + ada + ", $1::timestamptz, $1::timestamptz + interval '167 hours'", 37 * day},
		{"a session ends 72 hours after its last use and is kept for 30 days", "sessions", sessions + ada + ", $1::timestamptz - interval '24 hours', $1::timestamptz", 33 * day},
		{"a session of a user with remember_me has no end", "sessions", sessions + grace + ", $1::timestamptz, $1::timestamptz", 0},
		{"a magic link is kept for 37 days", "links", link("magic"), 37 * day},
		{"a reset link is kept for 37 days", "links", link("reset"), 37 * day},
		{"a verification link is kept for 30 days after its 7 days", "links", link("verification"), 37 * day},
		{"a sign-in with Google that was not finished", "google_states", "INSERT INTO google_states (state_digest, challenge, nonce, application_id, redirect_url, created_at) SELECT $2::text::bytea, '', '', " + app + ", '', $1", time.Hour},
		{"a user without a record, whose address is not verified", "users WHERE email LIKE 'nobody%'", "INSERT INTO users (email, created_at) SELECT 'nobody-' || $2, $1", 30 * day},
		{"a user without a record, whose address is verified", "users WHERE email LIKE 'nobody%'", "INSERT INTO users (email, created_at, email_verified_at) SELECT 'nobody-' || $2, $1::timestamptz, $1", 0},
		{"attempts that no limit counts any more", "tries", "INSERT INTO tries (key, times, last_at) SELECT $2::text::bytea, ARRAY[$1::timestamptz - interval '40 days'], $1", day},
		{"requests of an address", "address_requests", "INSERT INTO address_requests (minute, address, requests) SELECT $1, $2, 1", 10 * time.Minute},
		{"an address that a user signed in from", "known_addresses", "INSERT INTO known_addresses (user_id, address, signed_in_at) SELECT " + ada + ", $2, $1", 30 * day},
		{"a mail that was sent", "mails", mails + " - interval '40 days', $1, NULL", 30 * day},
		{"a mail that was given up", "mails", mails + " - interval '40 days', NULL, $1", 30 * day},
		{"a mail that was never finished", "mails", mails + ", NULL::timestamptz, NULL::timestamptz", 30 * day},
		{"a mail about a deletion", "mails", "INSERT INTO mails (kind, to_email, subject, text_body, html_body, created_at) SELECT 'account_deleted', $2::text, '', '', '', $1", day},
		{"a notification that somebody has seen to", "notifications", notices + " - interval '800 days', $1", 365 * day},
		{"an audit event", "audit_events", "INSERT INTO audit_events (operation, status, created_at) SELECT 'sessionsCreate', $2, $1", 365 * day},
		{"a notification that nobody has seen to", "notifications", notices + ", NULL::timestamptz", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			e.user(person{email: "ada@example.com", client: true})
			e.user(person{email: "grace@example.com", client: true, rememberMe: true})
			// The clock is stopped at a whole millisecond, so that the limit itself can be tested.
			now := time.Now().Truncate(time.Millisecond)
			e.clock.stop(now)
			age, left := row.age, 1
			if age == 0 {
				age, left = 3650*day, 2
			}
			if row.table == "links" && row.age > 0 {
				e.exec("UPDATE users SET remember_me = false")
			}
			e.exec(row.insert, now.Add(-age), "late")
			e.exec(row.insert, now.Add(-age+time.Millisecond), "soon")
			e.cleanUp(busyLimit)
			if n := e.count(row.table); n != left {
				t.Fatalf("%d of 2 rows are left, not %d", n, left)
			}
			e.clock.stop(now.Add(time.Millisecond))
			e.cleanUp(busyLimit)
			if n := e.count(row.table); left == 1 && n != 0 || left == 2 && n != 2 {
				t.Errorf("a millisecond later %d rows are left", n)
			}
		})
	}
}

// TestCleanUpKeepsWhatIsReported: an ended session is reported as expired for 30 days, to the millisecond,
// and is unknown after that. The clean-up makes no difference.
func TestCleanUpKeepsWhatIsReported(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	read := func() client.Outcome {
		outcome, err := e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token))
		check(t, err)
		return outcome
	}
	for _, row := range []struct {
		at       time.Duration
		want     string
		sessions int // afterwards
	}{{33*day - time.Millisecond, "session-expired", 1}, {33 * day, "invalid-token", 0}} {
		e.freeze(row.at)
		before := read().Slug()
		e.cleanUp(busyLimit)
		if after := read().Slug(); before != row.want || after != row.want {
			t.Errorf("after %v it is %s, and %s when cleaned up", row.at, before, after)
		}
		if n := e.count("sessions"); n != row.sessions {
			t.Errorf("after %v there are %d sessions", row.at, n)
		}
	}
}

// TestCleanUpByItselfLong: the clean-up runs when a server starts, and at most once an hour, however many
// servers start.
func TestCleanUpByItselfLong(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("INSERT INTO address_requests (minute, address, requests) SELECT now() - interval '11 minutes', n::text, 1 FROM generate_series(1, 1000) n"))
	e.within(busyLimit, "what is outdated is removed", func() bool { return e.count("address_requests") == 0 })
	e.within(busyLimit, "the job is done", func() bool { return e.count("river_job WHERE kind = 'clean_up' AND state = 'completed'") == 1 })
	e.replica(cheapSettings, nil)
	e.exec("DELETE FROM river_leader") // whoever leads next begins anew
	e.within(busyLimit, "somebody leads again", func() bool { return e.count("river_leader") == 1 })
	time.Sleep(6 * time.Second) // it begins within three
	if jobs, hours := e.count("river_job WHERE kind = 'clean_up'"), e.count("(SELECT DISTINCT date_trunc('hour', created_at) FROM river_job WHERE kind = 'clean_up') h"); jobs != hours {
		t.Errorf("there are %d jobs in %d hours", jobs, hours)
	}
}

// TestCleanUpWaitsForNobody: a locked row is left to the next run, and all others are deleted.
func TestCleanUpWaitsForNobody(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.firstCleanUp()
	e.exec("INSERT INTO address_requests (minute, address, requests) SELECT now() - interval '11 minutes', n::text, 1 FROM generate_series(1, 1000) n")
	tx, err := e.pool.Begin(t.Context())
	check(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), "UPDATE address_requests SET requests = 2 WHERE address = '500'")
	check(t, err)
	e.cleanUp(busyLimit)
	if n := e.count("address_requests"); n != 1 {
		t.Errorf("%d rows are left", n)
	}
}

// TestCleanUpMillionLong deletes a million sessions while users sign in and products check sessions.
func TestCleanUpMillionLong(t *testing.T) {
	e := start(t)
	e.firstCleanUp()
	email := e.user(person{client: true})
	token := e.signIn(email)
	const ended = `INSERT INTO sessions (user_id, application_id, token_digest, method, ip, user_agent, created_at, last_used_at)
		SELECT u.id, a.id, sha256(n::text::bytea), 'password', '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
			now() - interval '40 days', now() - interval '39 days'
		FROM generate_series(1, 1000000) n, users u, applications a WHERE a.slug = 'planoorder'`
	e.exec(ended)
	var over atomic.Bool
	var load sync.WaitGroup
	took := make([][]time.Duration, 4)
	calls := []func() (client.Outcome, error){
		func() (client.Outcome, error) {
			return e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"})
		},
		func() (client.Outcome, error) {
			return e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token))
		},
	}
	for i := range took {
		load.Go(func() {
			for !over.Load() {
				began := time.Now()
				outcome, err := calls[i%2]()
				if err != nil || outcome.Slug() != "action-successful" {
					t.Errorf("the outcome is %v %v", outcome, err)
					return
				}
				took[i] = append(took[i], time.Since(began))
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	began := time.Now()
	e.cleanUp(2 * time.Minute)
	cleaned := time.Since(began)
	over.Store(true)
	load.Wait()
	if n := e.count("sessions WHERE created_at < now() - interval '1 day'"); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	slowest, most := all[len(all)-1], all[len(all)*99/100]
	fmt.Printf("clean-up: a million sessions in %v; meanwhile %d sign-ins and checks, the median %v, the slowest %v\n",
		cleaned.Round(time.Millisecond), len(all), all[len(all)/2].Round(time.Microsecond), slowest.Round(time.Millisecond))
	if most > time.Second || slowest > 10*time.Second {
		t.Errorf("one of a hundred requests took %v, one %v", most, slowest)
	}
}
