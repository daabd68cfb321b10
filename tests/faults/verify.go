package main

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
)

// found is what is in the database after a fault.
type found struct {
	users    map[string][]foundUser
	sessions map[[32]byte]int64 // the user, by the token's digest
	counts   map[int64]int      // sessions of a user
	links    map[[32]byte]bool
	mails    map[string]map[string]foundMails // by address and kind
}

type foundUser struct {
	id     int64
	hash   string
	client bool
}

type foundMails struct{ all, sent int }

func read(ctx context.Context, url string) *found {
	conn, err := pgx.Connect(ctx, url)
	check(err)
	defer conn.Close(ctx)
	f := &found{
		users: map[string][]foundUser{}, sessions: map[[32]byte]int64{}, counts: map[int64]int{}, links: map[[32]byte]bool{},
		mails: map[string]map[string]foundMails{},
	}
	var text, kind string
	var id int64
	var digest []byte
	var u foundUser
	var m foundMails
	each(ctx, conn, "SELECT u.email, u.id, coalesce(u.password_hash, ''), c.id IS NOT NULL FROM users u LEFT JOIN clients c ON c.user_id = u.id",
		[]any{&text, &u.id, &u.hash, &u.client}, func() { f.users[text] = append(f.users[text], u) })
	each(ctx, conn, "SELECT token_digest, user_id FROM sessions", []any{&digest, &id}, func() {
		f.sessions[[32]byte(digest)] = id
		f.counts[id]++
	})
	each(ctx, conn, "SELECT token_digest FROM links", []any{&digest}, func() { f.links[[32]byte(digest)] = true })
	each(ctx, conn, "SELECT to_email, kind, count(*), count(sent_at) FROM mails GROUP BY 1, 2", []any{&text, &kind, &m.all, &m.sent}, func() {
		if f.mails[text] == nil {
			f.mails[text] = map[string]foundMails{}
		}
		f.mails[text][kind] = m
	})
	return f
}

func each(ctx context.Context, conn *pgx.Conn, query string, columns []any, do func()) {
	rows, err := conn.Query(ctx, query)
	check(err)
	_, err = pgx.ForEachRow(rows, columns, func() error {
		do()
		return nil
	})
	check(err)
}

// verify compares what was acknowledged with what is in the database and what Mandrill has accepted.
func (w *world) verify(ctx context.Context) {
	f := read(ctx, w.admin())
	for _, worker := range w.load.workers {
		for _, p := range worker.all {
			if f.person(w.row, p) {
				f.linked(w, p)
			}
		}
	}
	w.verifyMails(f)
}

// person reports whether the person is there.
func (f *found) person(r *row, p *person) bool {
	users := f.users[p.email]
	switch {
	case len(users) > 1:
		r.doubled("%d users have one address", len(users))
	case len(users) == 0 && p.registered:
		r.lost("a registration")
	case len(users) == 1 && !users[0].client:
		r.lost("the client record of a user")
	}
	for kind, b := range p.mails {
		switch there := f.mails[p.email][kind].all; {
		case there < b.least:
			r.lost("a mail of the kind %s", kind)
		case there > b.most:
			r.doubled("%d mails of the kind %s were queued for at most %d requests", there, kind, b.most)
		}
	}
	if len(users) != 1 || !p.registered {
		return false
	}
	if !matches(p.password, users[0].hash) && (p.other == "" || !matches(p.other, users[0].hash)) {
		r.lost("a password")
	}
	f.sessionsOf(r, p, users[0].id)
	return true
}

func matches(password, hash string) bool {
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	return match && err == nil
}

func (f *found) sessionsOf(r *row, p *person, user int64) {
	known := 0
	for _, s := range p.sessions {
		_, there := f.sessions[sha256.Sum256([]byte(s.token))]
		if there {
			known++
		}
		switch {
		case s.state == sessionLive && !there:
			r.lost("a session")
		case s.state == sessionEnded && there:
			r.lost("the end of a session")
		}
	}
	if more := f.counts[user] - known; more > p.unsure {
		r.doubled("a user has %d sessions that nobody knows, of %d requests without an answer", more, p.unsure)
	}
}

// linked checks that a mailed link works, if there must be one.
func (f *found) linked(w *world, p *person) {
	if !p.linked {
		return
	}
	for _, token := range w.mandrill.links(p.email) {
		if f.links[sha256.Sum256([]byte(token))] {
			return
		}
	}
	w.row.lost("a mailed link")
}

// verifyMails checks that each queued mail was sent, and sent once. Where the server or Mandrill died over a
// mail, it may have been sent again.
func (w *world) verifyMails(f *found) {
	w.mandrill.mu.Lock()
	defer w.mandrill.mu.Unlock()
	for to, kinds := range f.mails {
		all, sent := 0, 0
		for _, m := range kinds {
			all, sent = all+m.all, sent+m.sent
		}
		accepted, excused := len(w.mandrill.accepted[to]), w.excused[to]+w.mandrill.dropped[to]
		if sent < all {
			w.lost("queued mails were not sent")
		}
		if accepted < sent {
			w.lost("mails are marked as sent, and were not")
		}
		if accepted > all+excused {
			w.doubled("%d mails were sent for %d that were queued", accepted, all)
		}
	}
	for to := range w.mandrill.accepted {
		if f.mails[to] == nil {
			w.lost("mails were sent, and are not in the database")
		}
	}
}

// ofUnsentMails are the jobs that still have something to do.
const ofUnsentMails = `(kind = 'mail_link' OR kind = 'send_mail' AND
	(args->>'mail')::bigint IN (SELECT id FROM mails WHERE sent_at IS NULL AND failed_at IS NULL))`

// settle waits until all mails are sent, and lets jobs begin that would wait for minutes, or for a claim that
// has run out. A job may begin as soon as the calls that are under way must have been noted.
func (w *world) settle(ctx context.Context) {
	conn, err := pgx.Connect(ctx, w.admin())
	check(err)
	defer conn.Close(ctx)
	began, restarted := time.Now(), false
	within(ctx, time.Minute, func() bool {
		if w.mandrill.quiet(time.Second) && w.calm() {
			_, err := conn.Exec(ctx, "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state IN ('scheduled', 'retryable') AND "+ofUnsentMails)
			check(err)
			_, err = conn.Exec(ctx, "UPDATE mails SET claim = NULL, claimed_until = NULL WHERE sent_at IS NULL AND claimed_until < now()")
			check(err)
		}
		var waiting, jobs, running int
		check(conn.QueryRow(ctx, "SELECT count(*) FROM mails WHERE sent_at IS NULL AND failed_at IS NULL").Scan(&waiting))
		check(conn.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE state = 'running') FROM river_job WHERE finalized_at IS NULL AND "+ofUnsentMails).
			Scan(&jobs, &running))
		if waiting > 0 && running > 0 && time.Since(began) > 18*time.Second && !restarted {
			// What a fault has left as running is begun again after a minute, or when the server starts.
			restarted = true
			w.restart(ctx, conn)
		}
		return waiting == 0 || jobs == 0 && w.mandrill.quiet(grace) && w.calm()
	})
}

// restart restarts all servers, and lets jobs begin that were left as running.
func (w *world) restart(ctx context.Context, conn *pgx.Conn) {
	w.stopServers()
	_, err := conn.Exec(ctx, "UPDATE river_job SET state = 'available' WHERE state = 'running'")
	check(err)
	for _, s := range w.servers {
		s.start(ctx)
	}
}

// calm reports whether no fault was there for a while.
func (w *world) calm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.windows {
		if one.to.IsZero() || time.Since(one.to) < grace {
			return false
		}
	}
	return true
}
