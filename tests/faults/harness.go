package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// harness is what all faults are injected in.
type harness struct {
	short   bool
	program string // the server's
	keep    string // where logs are kept, "" for nowhere

	dir      string
	password string    // of Postgres, of both roles
	cluster  *postgres // that most faults use
	spec     spec
	product  string // the product's token, in the cluster
	rows     []*row
}

// fault is one row of the table.
type fault struct {
	name   string
	short  bool // part of the short form
	inject func(context.Context, *world)
}

func (h *harness) setUp(ctx context.Context) {
	var err error
	h.program, err = filepath.Abs(h.program)
	check(err)
	h.spec = readSpec("openapi.yaml")
	parent := "" // in memory where that is possible: no fault cuts the power, so that nothing depends on the disk
	if _, err := os.Stat("/dev/shm"); err == nil {
		parent = "/dev/shm"
	}
	h.dir, err = os.MkdirTemp(parent, "planoauth-faults-")
	check(err)
	check(os.Chmod(h.dir, 0o755)) // Postgres may run as another user
	h.password = newPassword()
	h.cluster = h.newPostgres(ctx, "postgres")
	h.cluster.start(ctx)
	h.product = h.prepare(ctx, h.cluster, "model", h.program)
}

// prepare makes a database as a release wants it, and returns a token of the product.
func (h *harness) prepare(ctx context.Context, p *postgres, database, program string) string {
	p.exec(ctx, "postgres", `DO $$ BEGIN CREATE ROLE planoauth LOGIN PASSWORD '`+h.password+`'; EXCEPTION WHEN duplicate_object THEN END $$`)
	p.exec(ctx, "postgres", "CREATE DATABASE "+database+" OWNER planoauth")
	url := p.url(owner, database)
	verb(ctx, program, url, "migrate")
	verb(ctx, program, url, "deploy")
	verb(ctx, program, url, "application", "set", product, "--url", "https://order.example.com")
	return productToken(verb(ctx, program, url, "application", "token", product))
}

func productToken(printed string) string {
	token := regexp.MustCompile(`plaa_\w+`).FindString(printed)
	if token == "" {
		panic("`application token` prints no token: " + printed)
	}
	return token
}

func (h *harness) tearDown() {
	if h.cluster != nil {
		h.cluster.stop()
	}
	if h.keep != "" {
		check(os.MkdirAll(h.keep, 0o755))
		logs, err := filepath.Glob(filepath.Join(h.dir, "*.log"))
		check(err)
		for _, log := range logs {
			text, err := os.ReadFile(log)
			check(err)
			check(os.WriteFile(filepath.Join(h.keep, filepath.Base(log)), text, 0o644))
		}
	}
	os.RemoveAll(h.dir)
}

// inject adds the row of a fault. What stops the harness in the middle of a fault is taken for the server's,
// unless the time is over.
func (h *harness) inject(ctx context.Context, f fault) {
	note("%s", f.name)
	r := &row{Fault: f.name}
	h.rows = append(h.rows, r)
	w := h.newWorld(ctx, r)
	defer w.close()
	defer func() {
		if failure := recover(); failure != nil {
			w.load.stop.Store(true)
			check(context.Cause(ctx))
			r.broken("%v", failure)
		}
	}()
	f.inject(ctx, w)
	if r.Skipped == "" {
		w.finish(ctx)
	}
	note("  %d acknowledged, %d lost, %d doubled, %d undocumented, %d broken", r.Acknowledged, r.Lost, r.Doubled, r.Undocumented, r.Broken)
}

// pick returns one of two values.
func pick[T any](h *harness, full, short T) T {
	if h.short {
		return short
	}
	return full
}

// world is what one fault is injected in: a database, the way to it, replicas, Mandrill and the load.
type world struct {
	*harness
	*row
	postgres    *postgres
	database    string
	databaseURL string // of the servers
	wire        *wire
	mandrill    *mandrill
	servers     []*server
	load        *load
	excused     map[string]int // mails that may be sent again, since the server died over them, by address
	cleanups    []func()       // in reverse
	admin       func() string  // the URL that the harness itself uses
}

func (h *harness) newWorld(ctx context.Context, r *row) *world {
	if !h.cluster.process.running() { // a fault ended before it was mended
		h.cluster.start(ctx)
	}
	w := &world{
		harness: h, row: r, postgres: h.cluster, database: fmt.Sprintf("fault%d", len(h.rows)), wire: newWire(loopback(h.cluster.port)),
		mandrill: startMandrill(), excused: map[string]int{},
	}
	w.admin = func() string { return w.postgres.url(superuser, w.database) }
	w.cleanups = append(w.cleanups, w.mandrill.Close, w.wire.close)
	w.load = &load{row: r, spec: h.spec, product: h.product, pace: 20 * time.Millisecond}
	h.cluster.exec(ctx, "postgres", "CREATE DATABASE "+w.database+" TEMPLATE model OWNER planoauth")
	w.databaseURL = w.throughWire(w.wire)
	return w
}

func (w *world) throughWire(wire *wire) string {
	return w.postgres.urlAt(wire.address, owner, w.database) + "&pool_max_conns=16"
}

const workers = 8

// serve starts so many replicas and the load on them, and lets it run for a while.
func (w *world) serve(ctx context.Context, replicas int, settings ...string) {
	for range replicas {
		w.newServer(settings...).start(ctx)
	}
	w.loads(ctx, w.urls()...)
}

func (w *world) urls() (urls []string) {
	for _, s := range w.servers {
		urls = append(urls, s.url)
	}
	return urls
}

// loads begins the load.
func (w *world) loads(ctx context.Context, urls ...string) {
	w.load.aim(urls, urls)
	w.load.start(workers)
	sleep(ctx, pick(w.harness, 2*time.Second, time.Second))
}

// finish waits until service is back, ends the load, and looks for what was acknowledged.
func (w *world) finish(ctx context.Context) {
	if w.load.began.IsZero() {
		panic("there was no load")
	}
	if !w.load.stop.Load() {
		recovered := func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.mended.IsZero()
		}
		within(ctx, 2*grace, recovered)
		sleep(ctx, pick(w.harness, 3*time.Second, time.Second))
		w.load.end()
	}
	loaded := time.Now()
	w.settle(ctx)
	settled := time.Now()
	w.verify(ctx)
	note("  settled in %v, verified in %v", settled.Sub(loaded).Round(time.Millisecond), time.Since(settled).Round(time.Millisecond))
}

func (w *world) close() {
	if !w.load.began.IsZero() {
		w.load.stop.Store(true)
		w.load.working.Wait()
	}
	w.wire.thaw()
	w.stopServers()
	for _, cleanup := range slices.Backward(w.cleanups) {
		cleanup()
	}
}

func (w *world) stopServers() {
	for _, s := range w.servers {
		if !s.stop() {
			w.broken("a replica does not end within 20 s of SIGTERM")
		}
	}
}

// clean calls do when the fault is over.
func (w *world) clean(do func()) { w.cleanups = append(w.cleanups, do) }

func (w *world) skip(format string, values ...any) { w.Skipped = fmt.Sprintf(format, values...) }
