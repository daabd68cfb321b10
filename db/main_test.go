package db

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/planoauth/planoauth/db/embedded"
)

// started is the Postgres of all tests in this package, with a migrated database.
var started struct {
	once     sync.Once
	dir      string
	postgres *embedded.Postgres
	err      error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started.postgres != nil {
		started.postgres.Stop()
	}
	os.RemoveAll(started.dir)
	os.Exit(code)
}

// openDB returns a pool of the migrated database, which all tests share. It skips the test on a machine
// without Postgres.
func openDB(t testing.TB) *DB {
	t.Helper()
	started.once.Do(func() { started.err = startPostgres() })
	if started.err != nil && started.postgres == nil {
		t.Skip("no Postgres on this machine: ", started.err)
	}
	check(t, started.err)
	config, err := ParseURL(started.postgres.URL)
	check(t, err)
	d, err := Open(t.Context(), config)
	check(t, err)
	t.Cleanup(d.Close)
	return d
}

func startPostgres() (err error) {
	memory := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		memory = "/dev/shm"
	}
	if started.dir, err = os.MkdirTemp(memory, "planoauth-db-"); err != nil {
		return err
	}
	if err := os.Chmod(started.dir, 0o755); err != nil { // Postgres does not run as root
		return err
	}
	ctx := context.Background()
	if started.postgres, err = embedded.Start(ctx, started.dir+"/postgres", "fsync=off"); err != nil {
		return err
	}
	config, err := ParseURL(started.postgres.URL)
	if err != nil {
		return err
	}
	d, err := Open(ctx, config)
	if err != nil {
		return err
	}
	defer d.Close()
	return Migrate(ctx, d)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
