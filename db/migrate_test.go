package db

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
)

// TestMigrationTriesAgain: a transaction holds a table that a migration changes. Others use the table
// meanwhile, and the migration ends after the transaction.
func TestMigrationTriesAgain(t *testing.T) {
	d := openDB(t)
	ctx := t.Context()
	_, err := d.Pool.Exec(ctx, "CREATE TABLE held (id int)")
	check(t, err)
	held, err := d.Pool.Begin(ctx)
	check(t, err)
	_, err = held.Exec(ctx, "SELECT FROM held")
	check(t, err)

	files, err := migrationFiles()
	check(t, err)
	all := fstest.MapFS{"99999_later.sql": {Data: []byte("-- +goose Up\n-- oldest server: 3\nALTER TABLE held ADD COLUMN more int;\n")}}
	check(t, fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var text []byte
			text, err = fs.ReadFile(files, name)
			all[name] = &fstest.MapFile{Data: text}
		}
		return err
	}))
	migrated := make(chan error, 1)
	go func() {
		_, err := d.apply(context.WithoutCancel(ctx), all)
		migrated <- err
	}()
	for waits := false; !waits; { // until the migration has queued for the table
		check(t, d.Pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'held'::regclass)").Scan(&waits))
	}
	using, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := d.Pool.Exec(using, "SELECT FROM held"); err != nil {
		t.Errorf("a statement behind the migration: %v", err)
	}
	check(t, held.Rollback(ctx))
	check(t, <-migrated)
	_, err = d.Pool.Exec(ctx, "SELECT more FROM held")
	check(t, err)
	if err := CheckSchema(ctx, d); err != nil { // 99999 serves this server
		t.Error(err)
	}
	_, err = d.Pool.Exec(ctx, "DROP TABLE held; DELETE FROM planoauth_migrations WHERE version_id = 99999")
	check(t, err)
}

// TestOldestServers: each migration since the third says which servers it keeps serving.
func TestOldestServers(t *testing.T) {
	t.Parallel()
	files, err := migrationFiles()
	check(t, err)
	known, err := readMigrations(files)
	check(t, err)
	for _, m := range known {
		if m.number > 3 && (m.oldestServer == 0 || m.oldestServer >= m.number) {
			t.Errorf("migration %d has no line `-- oldest server: N` with the number of the oldest server that works on its schema", m.number)
		}
	}
}

func TestCompareSchema(t *testing.T) {
	t.Parallel()
	known := []migration{{number: 1}, {number: 2}, {number: 4, oldestServer: 2}}
	for _, row := range []struct {
		name    string
		applied map[int64]int64
		want    error
	}{
		{"an empty database", nil, ErrSchemaBehind},
		{"one is pending", map[int64]int64{1: 0, 4: 2}, ErrSchemaBehind},
		{"the same", map[int64]int64{1: 0, 2: 0, 4: 2}, nil},
		{"a newer one that serves this server", map[int64]int64{1: 0, 2: 0, 4: 2, 5: 4}, nil},
		{"a newer one that serves newer servers only", map[int64]int64{1: 0, 2: 0, 4: 2, 5: 4, 6: 5}, ErrSchemaNewer},
		{"a newer one without a mark", map[int64]int64{1: 0, 2: 0, 4: 2, 5: 0}, ErrSchemaNewer},
	} {
		if err := compareSchema(known, row.applied); err != row.want {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
