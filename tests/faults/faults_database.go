package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func postgresKilled(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	for range pick(w.harness, 3, 2) {
		w.during(func() {
			w.postgres.kill()
			sleep(ctx, time.Second)
			w.checkNotReady(ctx)
			w.postgres.start(ctx)
		})
		sleep(ctx, 2*time.Second)
	}
}

func postgresRestarted(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.during(func() {
		w.postgres.stop()
		sleep(ctx, outage)
		w.postgres.start(ctx)
	})
}

func postgresPaused(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.during(func() {
		w.postgres.pause()
		defer w.postgres.resume()
		w.hangs(ctx)
	})
}

// hangs waits for longer than an answer may take, and asks for the health meanwhile.
func (w *world) hangs(ctx context.Context) {
	began := time.Now()
	sleep(ctx, time.Second)
	w.checkNotReady(ctx)
	sleep(ctx, toleratedHang-time.Since(began))
}

func postgresReadOnly(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	set := func(value string) {
		w.postgres.exec(ctx, "postgres", "ALTER SYSTEM SET default_transaction_read_only = "+value)
		w.postgres.exec(ctx, "postgres", "SELECT pg_reload_conf()")
	}
	w.during(func() {
		set("on")
		defer set("off")
		sleep(ctx, outage)
		before := w.acknowledged()
		w.checkNotReady(ctx)
		if w.acknowledged() > before {
			w.say("a write was acknowledged although Postgres is read-only by default")
		}
	})
}

func (w *world) acknowledged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Acknowledged
}

const endConnections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'planoauth'"

func noConnections(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.during(func() {
		w.postgres.exec(ctx, "postgres", "ALTER ROLE planoauth CONNECTION LIMIT 0")
		defer w.postgres.exec(context.WithoutCancel(ctx), "postgres", "ALTER ROLE planoauth CONNECTION LIMIT -1")
		w.postgres.exec(ctx, "postgres", endConnections)
		sleep(ctx, outage)
		w.checkNotReady(ctx)
	})
}

func connectionsEnded(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	for range 5 {
		w.during(func() { w.postgres.exec(ctx, "postgres", endConnections) })
		sleep(ctx, 500*time.Millisecond)
	}
}

// diskFull has the tables on a small file system of their own. It fills that one.
func diskFull(ctx context.Context, w *world) {
	if os.Geteuid() != 0 {
		w.skip("only root can mount a small file system")
		return
	}
	small := filepath.Join(w.dir, "small")
	check(os.MkdirAll(small, 0o755))
	if _, err := command(ctx, nil, nil, "mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", small); err != nil {
		w.skip("no file system can be mounted: %v", strings.TrimSpace(err.Error()))
		return
	}
	w.clean(func() {
		for _, s := range []string{"DROP DATABASE " + w.database + " WITH (FORCE)", "DROP TABLESPACE small"} {
			w.postgres.exec(context.Background(), "postgres", s)
		}
		check(exec.Command("umount", small).Run())
	})
	tables, ballast := filepath.Join(small, "tables"), filepath.Join(small, "ballast")
	ownedDir(tables)
	w.postgres.exec(ctx, "postgres", "CREATE TABLESPACE small LOCATION '"+tables+"'")
	w.postgres.exec(ctx, "postgres", "ALTER DATABASE "+w.database+" SET TABLESPACE small")
	w.serve(ctx, 1)
	w.during(func() {
		fill(ballast)
		before := w.acknowledged()
		sleep(ctx, outage)
		if w.acknowledged() > before+1000 {
			w.say("writes were acknowledged on the full disk, in pages that had room")
		}
		check(os.Remove(ballast))
	})
}

// fill writes until nothing more can be written.
func fill(path string) {
	file, err := os.Create(path)
	check(err)
	defer file.Close()
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = file.Write(block)
	}
}

// standbyPromoted loses the primary, with a synchronous standby that takes over.
func standbyPromoted(ctx context.Context, w *world) {
	primary := newPostgres(ctx, filepath.Join(w.dir, "primary"), w.password)
	w.clean(primary.stop)
	primary.start(ctx)
	w.load.product = w.prepare(ctx, primary, w.database, w.program)
	standby := primary.standby(ctx, "standby")
	w.clean(standby.stop)
	w.postgres = primary
	w.databaseURL = primary.urlAt(loopback(primary.port)+","+loopback(standby.port), owner, w.database) + "&target_session_attrs=read-write&pool_max_conns=16"
	w.serve(ctx, 1)
	w.during(func() {
		primary.kill()
		sleep(ctx, time.Second)
		w.postgres = standby
		standby.promote(ctx)
	})
}

// poolerRestarted has PgBouncer between, in transaction mode.
func poolerRestarted(ctx context.Context, w *world) {
	binary, err := exec.LookPath("pgbouncer")
	if err != nil {
		w.skip("PgBouncer is not installed: apt-get install pgbouncer")
		return
	}
	dir, port := filepath.Join(w.dir, "pgbouncer"), freePort()
	ownedDir(dir)
	host, postgresPort, _ := strings.Cut(loopback(w.postgres.port), ":")
	config := fmt.Sprintf("[databases]\n* = host=%s port=%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%d\nunix_socket_dir=\nauth_type=scram-sha-256\n"+
		"auth_file=%s/users\npool_mode=transaction\nmax_client_conn=200\ndefault_pool_size=20\n", host, postgresPort, port, dir)
	for name, text := range map[string]string{"config": config, "users": fmt.Sprintf("%q %q\n", owner, w.password)} {
		check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)) // the directory is the account's own
	}
	start := func() *process {
		cmd := exec.Command(binary, filepath.Join(dir, "config"))
		cmd.Dir, cmd.SysProcAttr = dir, childAttributes(unprivileged())
		return spawn(cmd, dir+".log")
	}
	pooler := start()
	w.clean(func() { pooler.kill() })
	w.wire.target.Store(loopback(port))
	sleep(ctx, 500*time.Millisecond)
	w.serve(ctx, 1)
	for range 2 {
		w.during(func() {
			pooler.kill()
			sleep(ctx, time.Second)
			pooler = start()
		})
		sleep(ctx, 3*time.Second)
	}
}

func networkFrozen(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.during(func() {
		w.wire.freeze()
		defer w.wire.thaw()
		w.hangs(ctx)
	})
}

// networkSlow must fail no request.
func networkSlow(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.wire.delay.Store(int64(30 * time.Millisecond))
	sleep(ctx, 2*outage)
	w.wire.delay.Store(0)
}

// connectionsLost has all connections lose their bytes for good, while new ones work.
func connectionsLost(ctx context.Context, w *world) {
	w.serve(ctx, 1)
	w.during(w.wire.lose)
	sleep(ctx, 2*grace)
}

// partition keeps the second replica from the database. What is ended at the first may be accepted by the
// second for a second at most.
func partition(ctx context.Context, w *world) {
	second := newWire(loopback(w.postgres.port))
	w.clean(second.close)
	w.newServer().start(ctx)
	w.databaseURL = w.throughWire(second)
	w.newServer().start(ctx)
	w.load.aim(w.urls()[:1], w.urls())
	w.load.start(workers)
	sleep(ctx, 4*time.Second)
	w.during(func() {
		second.freeze()
		defer second.thaw()
		sleep(ctx, toleratedHang)
	})
}

// embeddedKilled kills the Postgres that the server itself has started. The server starts it again, or ends,
// so that a supervisor starts both.
func embeddedKilled(ctx context.Context, w *world) {
	data := filepath.Join(w.dir, "embedded")
	w.databaseURL = ""
	s := w.newServer("DATA_DIR="+data, "PATH="+os.Getenv("PATH"))
	w.admin = func() string {
		password, err := os.ReadFile(filepath.Join(data, "password"))
		check(err)
		lines := postmasterLines(data)
		return fmt.Sprintf("postgres://planoauth:%s@127.0.0.1:%s/planoauth?sslmode=disable", strings.TrimSpace(string(password)), lines[3])
	}
	s.start(ctx)
	_, err := command(ctx, []string{"DATA_DIR=" + data}, nil, w.program, "application", "set", product, "--url", "https://order.example.com")
	check(err)
	out, err := command(ctx, []string{"DATA_DIR=" + data}, nil, w.program, "application", "token", product)
	check(err)
	w.load.product = productToken(out)
	sleep(ctx, time.Second) // until the server has heard of both
	w.loads(ctx, s.url)
	w.during(func() {
		var pid int
		_, err := fmt.Sscan(postmasterLines(data)[0], &pid)
		check(err)
		signalFamily(pid, syscall.SIGKILL)
		sleep(ctx, 500*time.Millisecond)
		if !within(ctx, 15*time.Second, func() bool { return !s.running() || s.ready(ctx) }) {
			w.broken("the server goes on without its embedded Postgres")
			s.kill()
		}
		if !s.running() {
			if s.result == nil {
				w.broken("the server exits 0 without its embedded Postgres")
			}
			s.start(ctx)
			w.excuseUnsent(ctx)
		}
	})
}

func postmasterLines(data string) []string {
	text, err := os.ReadFile(filepath.Join(data, "cluster", "postmaster.pid"))
	check(err)
	var lines []string
	for line := range bytes.Lines(text) {
		lines = append(lines, strings.TrimSpace(string(line)))
	}
	return lines
}
