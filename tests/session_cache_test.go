package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/mailer"
)

const (
	revocationBound = 100 * time.Millisecond // from the answer, or the commit, to the refusal by every replica
	downBound       = time.Second            // the same while no notifications arrive
)

// lateness is the longest time that a notification took on this machine, which may be busy. Tests add it to
// their limits.
type lateness struct{ worst atomic.Int64 }

// measure sends itself notifications through Postgres until the test ends.
func (l *lateness) measure(t *testing.T, database string) {
	conn, err := pgx.Connect(t.Context(), database)
	check(t, err)
	_, err = conn.Exec(t.Context(), "LISTEN lateness")
	check(t, err)
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended })
	go func() {
		defer close(ended)
		defer conn.Close(context.Background())
		for t.Context().Err() == nil {
			began := time.Now()
			if _, err := conn.Exec(t.Context(), "NOTIFY lateness"); err != nil {
				return
			}
			if _, err := conn.WaitForNotification(t.Context()); err != nil {
				return
			}
			if late := int64(time.Since(began)); late > l.worst.Load() {
				l.worst.Store(late)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
}

func (l *lateness) plus(bound time.Duration) time.Duration {
	return bound + time.Duration(l.worst.Load())
}

// modelled is a session in the model of TestRevocation: whether it is good, and since when.
type modelled struct {
	mu      sync.Mutex
	token   string
	email   string
	good    bool
	since   time.Time // when the change was answered or committed; while it is under way zero, and either answer is right
	replica int       // which answered the change, -1 when it was made by SQL
}

// stale is an outcome that was still wrong this long after the change.
type stale struct {
	after time.Duration
	text  string
}

// checkAnswer compares the outcome of a check on a replica with the model. The replica that answered the
// change must know of it at once.
func (m *modelled) checkAnswer(good bool, replica int, asked, answered time.Time) *stale {
	m.mu.Lock()
	defer m.mu.Unlock()
	if good == m.good || m.since.IsZero() || answered.Before(m.since) || !asked.After(m.since) {
		return nil
	}
	after := asked.Sub(m.since)
	wrong := &stale{after, fmt.Sprintf("replica %d said %v, %v after replica %d had made it %v", replica, good, after, m.replica, m.good)}
	if replica == m.replica {
		wrong.after = time.Hour
	}
	return wrong
}

// change makes a change and updates the model.
func (m *modelled) change(replica int, good bool, do func()) {
	m.mu.Lock()
	m.since = time.Time{}
	m.mu.Unlock()
	do()
	m.mu.Lock()
	m.good, m.replica, m.since = good, replica, time.Now()
	m.mu.Unlock()
}

// awaitListener waits until the only server listens for notifications: then it sends itself the first
// heartbeat.
func (e *env) awaitListener() {
	e.t.Helper()
	e.within(busyLimit, "the server listens", func() bool {
		return e.count("pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_notify($1, $2)'") > 0
	})
}

// TestRevocation checks sessions on three replicas continuously while they end, are changed by SQL and become
// good again. It runs alone, since it measures time.
func TestRevocation(t *testing.T) {
	e := start(t)
	replicas := []string{e.url, e.replica(cheapSettings, &mailer.Mailbox{}), e.replica(cheapSettings, &mailer.Mailbox{})}
	apis := make([]*client.API, len(replicas))
	for i, url := range replicas {
		var err error
		apis[i], err = client.New(url, client.WithHTTPClient(e.http))
		check(t, err)
	}
	var late lateness
	late.measure(t, e.database)
	var sessions []*modelled
	for range 12 {
		email := e.user(person{client: true})
		sessions = append(sessions, &modelled{email: email, token: e.signIn(email), good: true, replica: -1})
	}
	var stop atomic.Bool
	var checks, refused atomic.Int64
	var mu sync.Mutex
	var found []*stale
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !stop.Load() {
				session, replica := sessions[rand.IntN(len(sessions))], rand.IntN(len(replicas))
				session.mu.Lock()
				token := session.token
				session.mu.Unlock()
				asked := time.Now()
				outcome, err := apis[replica].SessionsRead(context.Background(), client.SessionsReadParams{}, client.WithToken(token))
				if err != nil {
					t.Error(err)
					return
				}
				good := outcome.Slug() == "action-successful"
				session.mu.Lock()
				same := session.token == token
				session.mu.Unlock()
				if wrong := session.checkAnswer(good, replica, asked, time.Now()); wrong != nil && same {
					mu.Lock()
					found = append(found, wrong)
					mu.Unlock()
				}
				checks.Add(1)
				if !good {
					refused.Add(1)
				}
			}
		})
	}
	enough := func() bool { return checks.Load() >= 1000 && refused.Load() > 0 }
	for began := time.Now(); time.Since(began) < 6*time.Second || !enough() && time.Since(began) < busyLimit; {
		e.disturb(sessions[rand.IntN(len(sessions))], apis, rand.IntN(len(replicas)))
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
	}
	stop.Store(true)
	all.Wait()
	for _, wrong := range found {
		if wrong.after > late.plus(revocationBound) {
			t.Error(wrong.text)
		}
	}
	if checks.Load() < 1000 || refused.Load() == 0 || refused.Load() == checks.Load() {
		t.Errorf("%d checks, %d of them refused: nothing is shown by that", checks.Load(), refused.Load())
	}
	fmt.Printf("revocation: %d checks, %d of them refused; a notification took %v at worst\n", checks.Load(), refused.Load(), late.plus(0))
}

// disturb makes a random change to a session or its user, by a replica or by SQL. Afterwards it makes the
// session good again.
func (e *env) disturb(m *modelled, apis []*client.API, replica int) {
	ctx, token := e.t.Context(), client.WithToken(m.token)
	sql := func(good bool, statement string) {
		m.change(-1, good, func() { e.exec(statement, m.email) })
	}
	const ofUser = " WHERE user_id = (SELECT id FROM users WHERE email = $1)"
	switch rand.IntN(7) {
	case 0:
		m.change(replica, false, func() { apis[replica].SessionsDelete(ctx, client.SessionsDeleteParams{}, token) })
	case 1:
		m.change(replica, false, func() { apis[replica].SessionsDelete(ctx, client.SessionsDeleteParams{Scope: "all"}, token) })
	case 2:
		other := e.signIn(m.email)
		m.change(replica, false, func() {
			apis[replica].UsersPasswordUpdate(ctx, client.UsersPasswordUpdateParams{CurrentPassword: goodPassword, Password: goodPassword}, client.WithToken(other))
		})
	case 3:
		sql(false, "UPDATE clients SET active = false"+ofUser)
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		sql(true, "UPDATE clients SET active = true"+ofUser)
		return
	case 4:
		sql(false, "DELETE FROM sessions"+ofUser)
	case 5:
		sql(false, "UPDATE sessions SET created_at = created_at - interval '8 days'"+ofUser)
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		sql(true, "UPDATE users SET remember_me = true WHERE email = $1")
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		sql(false, "UPDATE users SET remember_me = false WHERE email = $1")
	case 6:
		sql(false, "UPDATE sessions SET last_used_at = last_used_at - interval '4 days'"+ofUser)
	}
	time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
	e.exec("DELETE FROM sessions"+ofUser, m.email)
	renewed := e.signIn(m.email)
	m.mu.Lock()
	m.token, m.good, m.since = renewed, true, time.Time{}
	m.mu.Unlock()
}

// TestRevocationWithoutNotificationsLong: notifications do not reach a replica, since its connection is
// frozen or goes through a pooler.
func TestRevocationWithoutNotificationsLong(t *testing.T) {
	for _, way := range []pgProxyMode{frozen, pooled} {
		t.Run(string(way), func(t *testing.T) {
			e := start(t)
			between := startPGProxy(t, cluster.Host+":"+cluster.Port)
			deaf := *e
			deaf.serving = between.through(t, e.database)
			if way == pooled {
				between.mode.Store(pooled)
			}
			api, err := client.New(deaf.replica(cheapSettings, &mailer.Mailbox{}), client.WithHTTPClient(e.http))
			check(t, err)
			token := e.signIn(e.user(person{client: true}))
			var late lateness
			late.measure(t, e.database)
			good := func() bool {
				outcome, err := api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token))
				check(t, err)
				return outcome.Slug() == "action-successful"
			}
			free := func() bool {
				e.counted.take()
				return good() && len(e.counted.take()) == 0
			}
			e.within(busyLimit, "a check costs no statement", free)
			if way == pooled {
				time.Sleep(2 * time.Second) // with heartbeats, if they came
			}
			between.mode.Store(way)
			e.exec("UPDATE clients SET active = false")
			ended := time.Now()
			for asked := time.Now(); good(); asked = time.Now() {
				if after := asked.Sub(ended); after > late.plus(downBound) {
					t.Fatalf("the session is good %v after its end", after)
				}
				time.Sleep(5 * time.Millisecond)
			}
			if between.withheld.Load() == 0 {
				t.Error("no message was withheld, so the replica was notified")
			}
			e.exec("UPDATE clients SET active = true")
			e.within(busyLimit, "the session is good again", good) // a refusal may be kept too
			between.mode.Store(whole)
			e.within(time.Minute, "a check costs no statement again, which it would after a second", func() bool {
				free()
				time.Sleep(1500 * time.Millisecond)
				return free()
			})
		})
	}
}

// TestRecordOfAnOpenTransaction gives a user a record, and commits that after the session was cached without
// it.
func TestRecordOfAnOpenTransaction(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{})
	tx, err := e.pool.Begin(t.Context())
	check(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), "INSERT INTO clients (user_id) SELECT id FROM users")
	check(t, err)
	token, application := e.signIn(email), e.applicationToken("planoorder")
	if got := e.readAs(application, token); got != "client-required session_token" {
		t.Fatalf("without a record the session is %s", got)
	}
	check(t, tx.Commit(t.Context()))
	e.within(busyLimit/2, "the record counts", func() bool { return e.readAs(application, token) == "action-successful" })
}

// TestChangeOfManyUsers changes one user and then many on one connection: the triggers must not reuse a plan
// that was made for few rows.
func TestChangeOfManyUsers(t *testing.T) {
	t.Parallel()
	e := start(t)
	conn, err := e.pool.Acquire(t.Context())
	check(t, err)
	defer conn.Release()
	exec := func(statement string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), statement)
		check(t, err)
	}
	add := func(from, to int) {
		e.exec("INSERT INTO users (email, first_name, last_name) SELECT 'user' || n || '@example.com', 'A', 'B' FROM generate_series($1::int, $2) n", from, to)
		e.exec("INSERT INTO clients (user_id) SELECT id FROM users WHERE recordless")
	}
	changes := []string{"UPDATE users SET remember_me = NOT remember_me", "UPDATE clients SET active = NOT active"}
	add(1, 1)
	e.exec("ANALYZE users, clients")
	for range 10 {
		for _, change := range changes {
			exec(change)
		}
	}
	const many = 20_000
	add(2, many)
	for _, change := range changes {
		began := time.Now()
		exec(change)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s of %d rows took %v", change, many, took)
		}
	}
}

// TestRecordOfAChangedUser: a user with a session gets a record in the transaction that changes another
// column of the user.
func TestRecordOfAChangedUser(t *testing.T) {
	t.Parallel()
	e := start(t)
	token, application := e.signIn(e.user(person{})), e.applicationToken("planoorder")
	e.awaitListener()
	if got := e.readAs(application, token); got != "client-required session_token" {
		t.Fatalf("without a record the session is %s", got)
	}
	e.exec("WITH changed AS (UPDATE users SET first_name = 'Augusta' RETURNING id) INSERT INTO clients (user_id) SELECT id FROM changed")
	e.within(busyLimit/2, "the record counts", func() bool { return e.readAs(application, token) == "action-successful" })
}

// TestRecordOfManyUsers: inserting a record scans no whole table.
func TestRecordOfManyUsers(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec("INSERT INTO users (email, first_name, last_name) SELECT 'user' || n || '@example.com', 'A', 'B' FROM generate_series(1, 50000) n")
	e.exec(`INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at)
		SELECT u.id, 2, sha256(email::bytea), 'password', now(), now() FROM users u`)
	tx, err := e.pool.Begin(t.Context())
	check(t, err)
	defer tx.Rollback(t.Context())
	read := func() (n int) {
		check(t, tx.QueryRow(t.Context(), "SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname IN ('users', 'sessions')").Scan(&n))
		return n
	}
	before := read()
	for n := range 10 {
		for _, user := range []string{
			`SELECT id FROM users WHERE lower(email COLLATE "C") = $1`,
			"INSERT INTO users (email, first_name, last_name) VALUES ('new' || $1, 'A', 'B') RETURNING id",
		} {
			_, err := tx.Exec(t.Context(), "WITH u AS ("+user+") INSERT INTO clients (user_id) SELECT id FROM u", fmt.Sprintf("user%d@example.com", n+1))
			check(t, err)
		}
	}
	if more := read() - before; more > 0 {
		t.Errorf("%d rows were read one after the other", more)
	}
}

// TestChangeWithoutNotification: a cached session is deleted while triggers are off.
func TestChangeWithoutNotification(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	e.awaitListener()
	for range 2 {
		if got := e.readAs("", token); got != "action-successful" {
			t.Fatalf("the session is %s", got)
		}
	}
	e.exec("ALTER TABLE sessions DISABLE TRIGGER USER")
	e.exec("DELETE FROM sessions")
	if got := e.readAs("", token); got != "action-successful" {
		t.Fatalf("the session is %s: there was a notification", got)
	}
	e.clock.move(61 * time.Second)
	if got := e.readAs("", token); got != "invalid-token" {
		t.Errorf("a minute later the session is %s", got)
	}
}
