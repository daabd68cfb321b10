package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
)

// harness is what all faults are injected in.
type harness struct {
	short    bool
	program  string // the server's
	previous string // the commit of the release before
	keep     string // where logs are kept, "" for nowhere

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
	h.dir, err = os.MkdirTemp(memoryDir(), "planoauth-faults-")
	check(err)
	check(os.Chmod(h.dir, 0o755)) // Postgres may run as another user
	h.password = newPassword()
	h.cluster = newPostgres(ctx, filepath.Join(h.dir, "postgres"), h.password)
	h.cluster.start(ctx)
	h.product = h.prepare(ctx, h.cluster, "model", h.program)
}

// memoryDir is a directory in memory with room for all clusters, or "" where there is none. No fault cuts the
// power, so that nothing depends on the disk.
func memoryDir() string {
	const dir, room = "/dev/shm", 2 << 30
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return dir
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
			if bug, ok := failure.(runtime.Error); ok {
				panic(bug)
			}
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
