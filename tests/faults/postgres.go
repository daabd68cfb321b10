package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is a cluster on a port of its own, which it keeps when it is started again. What is committed is
// flushed, as in production.
type postgres struct {
	dir      string // which holds the data, and beside which the log is
	password string // of both roles
	port     int
	process  *process // nil until the first start
}

const (
	superuser = "postgres" // connects past everything that is between the server and Postgres
	owner     = "planoauth"
)

// postgresBinary returns the path of a program of the newest Postgres of this machine.
func postgresBinary(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if path, err := exec.LookPath(name); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		panic("no Postgres is installed on this machine: apt-get install postgresql")
	}
	slices.Sort(found)
	return found[len(found)-1]
}

// newPostgres makes a cluster, which is not started yet.
func newPostgres(ctx context.Context, dir, password string) *postgres {
	p := &postgres{dir: dir, password: password, port: freePort()}
	ownedDir(p.dir)
	passwords := filepath.Join(p.dir, "passwords")
	check(os.WriteFile(passwords, []byte(password+"\n"), 0o644)) // the directory is the account's own
	_, err := command(ctx, nil, unprivileged(), postgresBinary("initdb"), "--pgdata="+p.data(), "--username="+superuser, "--pwfile="+passwords,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
	check(err)
	return p
}

func newPassword() string { return strings.ToLower(rand.Text()) }

func (p *postgres) data() string { return filepath.Join(p.dir, "data") }

// start starts Postgres and waits until it answers.
func (p *postgres) start(ctx context.Context, options ...string) {
	settings := append([]string{
		"listen_addresses=127.0.0.1", fmt.Sprintf("port=%d", p.port), "unix_socket_directories=", "shared_buffers=64MB", "max_connections=100",
		"log_min_error_statement=panic", "max_wal_senders=4", "wal_sender_timeout=5s", "max_wal_size=256MB",
	}, options...)
	began := time.Now()
	for {
		cmd := exec.Command(postgresBinary("postgres"), "-D", p.data())
		for _, setting := range settings {
			cmd.Args = append(cmd.Args, "-c", setting)
		}
		cmd.Dir, cmd.Env, cmd.SysProcAttr = p.dir, []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}, childAttributes(unprivileged())
		p.process = spawn(cmd, p.dir+".log")
		if within(ctx, 30*time.Second, func() bool { return !p.process.running() || p.answers(ctx) }) && p.process.running() {
			return
		}
		p.process.kill()
		// Processes of a killed postmaster may hold its memory for a moment.
		if time.Since(began) > 30*time.Second {
			panic(fmt.Sprintf("Postgres in %s does not start: %s", p.dir, p.process.lastWords()))
		}
		sleep(ctx, 100*time.Millisecond)
	}
}

func (p *postgres) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url(superuser, "postgres"))
	if err == nil {
		conn.Close(ctx)
	}
	return err == nil
}

// url is that of a database, past everything that is between.
func (p *postgres) url(user, database string) string {
	return p.urlAt(loopback(p.port), user, database)
}

// urlAt is that of a database by way of something at these addresses, which are separated by commas.
func (p *postgres) urlAt(addresses, user, database string) string {
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(user, p.password), Host: addresses, Path: database, RawQuery: "sslmode=disable"}).String()
}

// exec runs a statement as superuser.
func (p *postgres) exec(ctx context.Context, database, statement string, values ...any) {
	conn, err := pgx.Connect(ctx, p.url(superuser, database))
	check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement, values...)
	check(err)
}

// stop is a fast shutdown, as by a package's upgrade.
func (p *postgres) stop() {
	if p.process == nil {
		return
	}
	_ = p.process.Signal(syscall.SIGCONT)
	_ = p.process.Signal(syscall.SIGINT)
	if !p.process.endsWithin(10 * time.Second) {
		p.kill()
	}
}

// kill ends the postmaster and its children with SIGKILL.
func (p *postgres) kill() {
	if p.process.running() {
		signalFamily(p.process.Pid, syscall.SIGKILL)
	}
	<-p.process.ended
}

// pause stops all processes of Postgres where they are, until resume.
func (p *postgres) pause()  { signalFamily(p.process.Pid, syscall.SIGSTOP) }
func (p *postgres) resume() { signalFamily(p.process.Pid, syscall.SIGCONT) }

// standby makes a streaming standby, without which the primary acknowledges nothing.
func (p *postgres) standby(ctx context.Context, name string) *postgres {
	s := &postgres{dir: filepath.Join(filepath.Dir(p.dir), name), password: p.password, port: freePort()}
	ownedDir(s.dir)
	source := strings.Replace(p.url(superuser, "postgres"), "sslmode=disable", "sslmode=disable&application_name="+name, 1)
	_, err := command(ctx, nil, unprivileged(), postgresBinary("pg_basebackup"), "--dbname="+source, "--pgdata="+s.data(), "--write-recovery-conf",
		"--checkpoint=fast", "--wal-method=stream", "--no-sync")
	check(err)
	s.start(ctx)
	p.exec(ctx, "postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+name+"'")
	p.exec(ctx, "postgres", "SELECT pg_reload_conf()")
	conn, err := pgx.Connect(ctx, p.url(superuser, "postgres"))
	check(err)
	defer conn.Close(ctx)
	if !within(ctx, 20*time.Second, func() bool {
		var synchronous bool
		err := conn.QueryRow(ctx, "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&synchronous)
		return err == nil && synchronous
	}) {
		panic("the standby does not replicate: " + s.process.lastWords())
	}
	return s
}

// promote makes a standby the primary.
func (p *postgres) promote(ctx context.Context) {
	p.exec(ctx, "postgres", "SELECT pg_promote(true, 30)")
}
