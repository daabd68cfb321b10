package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

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

// newServer makes a server on the world's database by way of the world's wire. It is not started yet.
func (w *world) newServer(settings ...string) *server {
	address := loopback(freePort())
	s := &server{program: w.program, address: address, url: "http://" + address}
	s.logFile = filepath.Join(w.dir, fmt.Sprintf("%s-server%d.log", w.database, len(w.servers)))
	s.environment = append(append([]string{
		"ADDR=" + address, "DATABASE_URL=" + w.databaseURL, "MANDRILL_URL=" + w.mandrill.URL,
	}, serverSettings...), settings...)
	w.servers = append(w.servers, s)
	return s
}
