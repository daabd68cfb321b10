package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock that makes concurrent migrations run one after the other.
const migrationLock = 0x706c616e6f // "plano"

// Migrate applies the pending migrations of PlanoAuth's tables and of its job queue. Replicas can call it at
// the same time.
func Migrate(ctx context.Context, d *DB) error {
	conn, err := d.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	own, jobs, err := migrators(d)
	if err != nil {
		return err
	}
	if _, err := own.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	return nil
}

// Behind reports whether a migration is pending.
func Behind(ctx context.Context, d *DB) (bool, error) {
	own, jobs, err := migrators(d)
	if err != nil {
		return false, err
	}
	pending, err := own.HasPending(ctx)
	if err != nil || pending {
		return pending, err
	}
	valid, err := jobs.Validate(ctx, nil)
	return err == nil && !valid.OK, err
}

func migrators(d *DB) (*goose.Provider, *rivermigrate.Migrator[pgx.Tx], error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, nil, err
	}
	own, err := goose.NewProvider(goose.DialectPostgres, d.DB.DB, files)
	if err != nil {
		return nil, nil, err
	}
	jobs, err := rivermigrate.New(riverpgxv5.New(d.Pool), nil)
	return own, jobs, err
}
