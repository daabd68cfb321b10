package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// migrationLock is the key of the advisory lock that makes concurrent migrations run one after the other.
	migrationLock         = 0x706c616e6f // "plano"
	migrationLockInterval = 100 * time.Millisecond

	migrationAttempts = 5 * time.Minute // how long a migration is tried while a transaction holds what it needs
	migrationPause    = time.Second     // between two attempts, for the statements that queued behind the first
)

// limitLocks begins each transaction of a migration. Whoever needs a table waits behind a migration that waits
// for the table, so that must be short.
const limitLocks = "SET LOCAL lock_timeout = '400ms'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"

// Migrate applies the pending migrations of PlanoAuth's tables and of its job queue. Replicas can call it at
// the same time. A migration that cannot lock a table at once is tried again.
func Migrate(ctx context.Context, d *DB) error {
	_, err := MigrateCounting(ctx, d)
	return err
}

// MigrateCounting is Migrate. It returns how many migrations it applied.
func MigrateCounting(ctx context.Context, d *DB) (applied int, _ error) {
	files, err := migrationFiles()
	if err != nil {
		return 0, err
	}
	return d.apply(ctx, files)
}

func migrationFiles() (fs.FS, error) { return fs.Sub(migrations, "migrations") }

func (d *DB) apply(ctx context.Context, files fs.FS) (applied int, _ error) {
	unlock, err := d.lockMigrations(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	known, err := readMigrations(files)
	if err != nil {
		return 0, err
	}
	pool := d.sessions.forMigrations(d)
	defer pool.Close()
	own, err := goose.NewProvider(goose.DialectCustom, pool, files, goose.WithStore(newMigrationTable(known)))
	if err != nil {
		return 0, err
	}
	jobs, err := rivermigrate.New(riverdatabasesql.New(pool), nil)
	if err != nil {
		return 0, err
	}
	err = tryLocks(ctx, func() error {
		if err := createMigrationTable(ctx, pool); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		done, err := own.Up(ctx)
		applied += len(done)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		queue, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err != nil {
			return fmt.Errorf("migrate the job queue: %w", err)
		}
		applied += len(queue.Versions)
		return nil
	})
	return applied, err
}

// lockMigrations waits for the lock of migrations. The lock belongs to a transaction, since a pooler may run statements
// outside of one on any connection. It polls, since a session that waits for the lock has a snapshot, for whose end
// CREATE INDEX CONCURRENTLY waits. So has one that has asked by the extended protocol, since its unnamed portal stays
// open.
func (d *DB) lockMigrations(ctx context.Context) (unlock func(), _ error) {
	conn, err := d.Pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		conn.Release()
		return nil, err
	}
	unlock = func() { tx.Rollback(context.WithoutCancel(ctx)); conn.Release() }
	if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
		unlock()
		return nil, err
	}
	for locked := false; ; {
		row := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", pgx.QueryExecModeSimpleProtocol, int64(migrationLock))
		if err := row.Scan(&locked); err != nil {
			unlock()
			return nil, err
		}
		if locked {
			return unlock, nil
		}
		select {
		case <-ctx.Done():
			unlock()
			return nil, ctx.Err()
		case <-time.After(migrationLockInterval):
		}
	}
}

// tryLocks runs a migration until no lock is refused to it.
func tryLocks(ctx context.Context, migrate func() error) error {
	const lockNotAvailable = "55P03"
	for began := time.Now(); ; {
		err := migrate()
		if sqlState(err) != lockNotAvailable {
			return err
		}
		if time.Since(began) > migrationAttempts {
			return fmt.Errorf("other transactions held their locks for %v: %w", migrationAttempts, err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(migrationPause):
		}
	}
}

// forMigrations returns connections of the pool whose transactions begin with limitLocks.
func (s *sessions) forMigrations(d *DB) *sql.DB {
	pool := sql.OpenDB(migrationConnector{connector{stdlib.GetPoolConnector(d.Pool), s}})
	pool.SetMaxIdleConns(0)
	return pool
}

type migrationConnector struct{ connector }

// Connect returns a connection of the pool.
func (c migrationConnector) Connect(ctx context.Context) (driver.Conn, error) {
	got, err := c.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return migrationConn{got.(conn)}, nil
}

type migrationConn struct{ conn }

// BeginTx begins a transaction with limitLocks.
func (c migrationConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.conn.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	if _, err := c.conn.Conn.Conn().PgConn().Exec(ctx, limitLocks).ReadAll(); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}
