// Command bench measures what PlanoAuth promises of its speed: each row against a floor, a few lines of Go
// that do no more than the row cannot do without, in runs that alternate, on one machine.
//
// It fails when it could not measure, not when a goal is not met: how much a machine has to spare is not the
// code's.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/planoauth/planoauth/db/embedded"
)

func main() {
	b := &bench{run: 3 * time.Second, many: 5_000_000, tries: 300}
	flag.BoolVar(&b.quick, "quick", false, "short runs, and a smaller large database")
	flag.StringVar(&b.program, "program", ".build/planoauth", "the server, as `make build` makes it")
	result := flag.String("json", ".build/bench.json", "where the result goes")
	flag.Parse()
	if b.quick {
		b.run, b.many, b.tries = 400*time.Millisecond, 200_000, 60
	}
	defer func() {
		if failure := recover(); failure != nil {
			fmt.Fprintln(os.Stderr, "bench:", failure)
			os.Exit(1)
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch flag.Arg(0) {
	case "floor":
		serveFloor(ctx)
	case "hash":
		hashBare()
	case "lists":
		b.measure(ctx, b.lists)
		b.print()
	default:
		b.measure(ctx, b.requests, b.hashing, b.growthAndRevocation)
		b.print()
		b.write(*result)
	}
}

// postgresOptions: what is committed is on the disk, as in production, or an insert would cost nothing. No
// vacuum and no checkpoint begins by itself during a run.
var postgresOptions = []string{
	"fsync=on", "synchronous_commit=on", "autovacuum=off", "checkpoint_timeout=1h", "max_wal_size=4GB", "shared_buffers=1GB", "max_connections=200",
	"shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=off",
}

// measure measures these rows, and the size of the binary. Postgres is the embedded one, a child of this process: a container would put a
// proxy before, and a file system of its own under, what is measured.
func (b *bench) measure(ctx context.Context, rows ...func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Minute)
	defer cancel()
	var err error
	b.dir, err = os.MkdirTemp("", "planoauth-bench-")
	check(err)
	defer os.RemoveAll(b.dir)
	check(os.Chmod(b.dir, 0o755)) // Postgres may run as another user
	note("starting Postgres")
	postgres, err := embedded.Start(ctx, filepath.Join(b.dir, "postgres"), postgresOptions...)
	check(err)
	defer postgres.Stop()
	b.admin, err = pgxpool.New(ctx, postgres.URL)
	check(err)
	defer b.admin.Close()
	_, err = b.admin.Exec(ctx, "CREATE EXTENSION pg_stat_statements")
	check(err)
	mandrill := startMandrill()
	defer mandrill.Close()
	b.mandrill = mandrill.URL
	for _, measure := range rows {
		measure(ctx)
	}
	file, err := os.Stat(b.program)
	check(err)
	b.size("binary", float64(file.Size()), 35)
}
