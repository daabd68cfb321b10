package main

import (
	"context"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// faults are the rows in their order.
var faults = []fault{
	{"server killed", true, serverKilled},
	{"server killed right after sessions were used", false, killedAfterUses},
	{"rolling restart of three replicas behind a proxy", true, rollingRestart},
	{"SIGTERM while the database hangs", false, terminatedWhileHanging},
	{"Postgres killed", true, postgresKilled},
	{"Postgres restarted", false, postgresRestarted},
	{"Postgres paused", false, postgresPaused},
	{"Postgres read-only", false, postgresReadOnly},
	{"Postgres without a free connection", false, noConnections},
	{"Postgres ends all connections", false, connectionsEnded},
	{"disk full", false, diskFull},
	{"standby promoted", false, standbyPromoted},
	{"PgBouncer restarted", false, poolerRestarted},
	{"network frozen", true, networkFrozen},
	{"network slow", false, networkSlow},
	{"connections lost in silence", false, connectionsLost},
	{"one of two replicas without the database", false, partition},
	{"Mandrill away", true, mandrillAway},
	{"Mandrill slow", false, mandrillSlow},
	{"Mandrill dies after accepting", false, mandrillDying},
	{"database away after a mail was sent", true, databaseAwayAfterMail},
	{"embedded Postgres killed", false, embeddedKilled},
	{"upgrade beside the previous release", false, upgrade},
}

// outage is how long a fault lasts whose length does not matter.
const outage = 3 * time.Second

// toleratedHang is longer than any answer may take.
const toleratedHang = hang + 2*time.Second

func serverKilled(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	for range pick(w.harness, 4, 2) {
		w.during(func() {
			w.servers[0].kill()
			w.noteUnsent(ctx)
			w.servers[0].start(ctx)
		})
		sleep(ctx, pick(w.harness, 2*time.Second, time.Second))
	}
}

// noteUnsent excuses the mails that a dead server may have sent without noting it, and lets the next server
// begin at once with the jobs and the claims that it left. No server may run.
func (w *world) noteUnsent(ctx context.Context) {
	w.excuseUnsent(ctx)
	for _, left := range []string{
		"UPDATE river_job SET state = 'available' WHERE state = 'running'",
		"UPDATE mails SET claim = NULL, claimed_until = NULL WHERE sent_at IS NULL",
	} {
		w.exec(ctx, left)
	}
}

func (w *world) excuseUnsent(ctx context.Context) {
	within(ctx, 10*time.Second, func() bool { return w.mandrill.quiet(50 * time.Millisecond) })
	conn, err := pgx.Connect(ctx, w.admin())
	check(err)
	defer conn.Close(ctx)
	var to string
	each(ctx, conn, "SELECT to_email FROM mails WHERE sent_at IS NULL AND failed_at IS NULL", []any{&to}, func() { w.excused[to]++ })
}

func (w *world) exec(ctx context.Context, statement string) {
	conn, err := pgx.Connect(ctx, w.admin())
	check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	check(err)
}

// killedAfterUses uses sessions that were idle for hours, and kills the server as soon as the uses are
// answered.
func killedAfterUses(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.load.end()
	conn, err := pgx.Connect(ctx, w.admin())
	check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "UPDATE sessions SET created_at = now() - interval '4 hours', last_used_at = now() - interval '3 hours'")
	check(err)
	sleep(ctx, 1500*time.Millisecond) // until all caches have heard of it
	used := 0
	for _, worker := range w.load.workers {
		for _, p := range worker.people[max(0, len(worker.people)-5):] {
			if s := p.sessionOf(worker.random, sessionLive); s != nil && w.load.call(w.servers[0].url, "POST", "/api/v1/sessions/read", w.product,
				map[string]any{"session_token": s.token}).done() {
				used++
			}
		}
	}
	w.servers[0].kill()
	var written int
	check(conn.QueryRow(ctx, "SELECT count(*) FROM sessions WHERE last_used_at > now() - interval '1 hour'").Scan(&written))
	for range used - written {
		w.lost("the use of a session")
	}
	w.noteUnsent(ctx)
	w.servers[0].start(ctx)
}

func rollingRestart(ctx context.Context, w *world) {
	for range 3 {
		w.newServer(pick(w.harness, "DRAIN_SECONDS=2", "DRAIN_SECONDS=1")).start(ctx)
	}
	f := newFront(ctx, w.servers)
	w.clean(f.close)
	healthy := func() bool {
		for _, r := range f.replicas {
			if !r.healthy.Load() {
				return false
			}
		}
		return true
	}
	within(ctx, 10*time.Second, healthy)
	w.loads(ctx, f.URL)
	for _, s := range w.servers {
		check(s.Signal(syscall.SIGTERM))
		if !s.endsWithin(25 * time.Second) {
			w.broken("a replica does not end within 25 s of SIGTERM")
			s.kill()
		} else if s.result != nil {
			w.broken("a replica ends with %v after SIGTERM", s.result)
		}
		s.start(ctx)
		if !within(ctx, 10*time.Second, healthy) {
			panic("a replica is not healthy again")
		}
	}
}

// terminatedWhileHanging ends one replica by one SIGTERM and another by two.
func terminatedWhileHanging(ctx context.Context, w *world) {
	w.serve(ctx, 2)
	w.during(func() {
		w.wire.freeze()
		sleep(ctx, time.Second)
		began := time.Now()
		for _, s := range w.servers {
			check(s.Signal(syscall.SIGTERM))
		}
		sleep(ctx, time.Second)
		check(w.servers[1].Signal(syscall.SIGTERM))
		if !w.servers[1].endsWithin(2 * time.Second) {
			w.broken("a second SIGTERM does not end a replica at once")
		}
		// The limit of 20 s, and what this machine may be late.
		if !w.servers[0].endsWithin(21*time.Second - time.Since(began)) {
			w.broken("a replica does not end within 20 s of SIGTERM while the database hangs")
		}
		for _, s := range w.servers {
			s.kill()
		}
		w.wire.thaw()
		w.noteUnsent(ctx)
		for _, s := range w.servers {
			s.start(ctx)
		}
	})
}

// checkNotReady asks a replica that cannot do its work for its health.
func (w *world) checkNotReady(ctx context.Context) {
	code, took := w.servers[0].health(ctx)
	if code != http.StatusServiceUnavailable {
		w.broken("/health/ready answers %d without the database", code)
	}
	if took > 2500*time.Millisecond {
		w.broken("/health/ready takes %.1f s without the database", took.Seconds())
	}
}

func mandrillAway(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.mandrill.be(away)
	sleep(ctx, pick(w.harness, outage, outage/3))
	w.mandrill.be(well)
}

// mandrillSlow has no probe, because its requests take seconds.
func mandrillSlow(ctx context.Context, w *world) {
	w.load.links = true
	w.mandrill.be(slow)
	w.serve(ctx, 1)
	sleep(ctx, 2*slowness)
	w.mandrill.be(well)
}

func mandrillDying(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.mandrill.be(dying)
	sleep(ctx, outage)
	w.mandrill.be(well)
}

// databaseAwayAfterMail takes the database away when Mandrill has accepted a mail and not said so.
func databaseAwayAfterMail(ctx context.Context, w *world) {
	w.load.links = true
	w.serve(ctx, 1)
	for range pick(w.harness, 4, 2) {
		gone := make(chan struct{})
		var once sync.Once
		w.mandrill.whenAccepted(func() {
			once.Do(func() {
				w.breaks()
				w.wire.sever()
				close(gone)
			})
		})
		select {
		case <-gone:
		case <-time.After(20 * time.Second):
			panic("no mail was sent")
		}
		w.mandrill.whenAccepted(nil)
		sleep(ctx, outage/2)
		w.wire.mend()
		w.mends()
		sleep(ctx, 2*time.Second)
	}
}
