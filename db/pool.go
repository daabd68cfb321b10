// Package db holds PlanoAuth's data in Postgres: models, queries, names of constraints, migrations and the
// connection pool.
//
// Functions that take a bun.IDB run on a transaction or on the pool, and never commit; those that take a
// bun.Tx need a transaction. Methods of DB run on the pool. Queries use bun, except where a comment says that
// pgx makes a hot one faster. Errors for which a caller has an answer are exported here; broken constraints
// are recognized with Violates.
//
// What a session of the database must be stands in session.go. Which statements are tried again stands in
// retry.go.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
)

const (
	// connsPerCore is the number of connections per core unless DATABASE_URL sets pool_max_conns: enough that
	// requests that wait for a commit do not block requests that only read.
	connsPerCore = 8
	// maxDefaultConns limits that number: five replicas fit the default max_connections of Postgres, 100.
	maxDefaultConns = 16

	connectTimeout = 5 * time.Second // for one connection, unless DATABASE_URL sets connect_timeout
	pingTimeout    = 2 * time.Second // for an idle connection, unless DATABASE_URL sets pool_ping_timeout
)

// DB is a pool of connections. bun and pgx share it.
type DB struct {
	*bun.DB
	Pool     *pgxpool.Pool
	sessions *sessions
	watch    watch
}

// ParseURL returns the pool settings of a postgres:// URL, the value of DATABASE_URL. Its error never
// contains the password.
func ParseURL(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The parser's error can contain the URL, and so the password.
		return nil, fmt.Errorf("DATABASE_URL is not a postgres:// URL")
	}
	given := urlOptions(url)
	if !given["default_query_exec_mode"] {
		// bun formats values into the query text, so pgx's default statement cache would prepare each query
		// again.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	if !given["pool_max_conns"] {
		config.MaxConns = defaultMaxConns(runtime.GOMAXPROCS(0))
	}
	if !given["pool_ping_timeout"] {
		config.PingTimeout = pingTimeout
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	setStartupParams(config.ConnConfig.RuntimeParams)
	return config, nil
}

func defaultMaxConns(cores int) int32 { return int32(min(connsPerCore*cores, maxDefaultConns)) }

// Open creates a pool. Connections are opened on demand, so it succeeds without a server.
func Open(ctx context.Context, config *pgxpool.Config) (*DB, error) {
	s := newSessions(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	forSQL := sql.OpenDB(connector{stdlib.GetPoolConnector(pool), s})
	forSQL.SetMaxIdleConns(0) // the pool keeps them
	d := &DB{DB: bun.NewDB(forSQL, newDialect()), Pool: pool, sessions: s}
	d.watch = watch{config: config.ConnConfig, sessions: s}
	return d, nil
}

// CheckAlive asks Postgres for a sign of life, on a connection of its own, so that it also works while all
// others are in use. After awayAfter without one, the database counts as away: all statements under way fail,
// and no connection is opened before a later call has got an answer.
func (d *DB) CheckAlive(ctx context.Context) { d.watch.check(ctx) }

// Now returns the time by the clock of the database, which CheckAlive asks: the clocks of replicas differ.
func (d *DB) Now() time.Time { return d.sessions.clock.now() }

// Close closes all connections. It waits for those in use.
func (d *DB) Close() {
	d.watch.close()
	d.DB.Close()
	d.Pool.Close()
}

// writeRow runs a hot statement with $1 placeholders, and scans the only row that it returns. Outside a transaction it
// runs on the pool, since database/sql would cost a tenth of the statement.
func writeRow(ctx context.Context, idb bun.IDB, query string, args []any, dest ...any) error {
	switch conn := idb.(type) {
	case bun.Tx:
		return conn.Tx.QueryRowContext(ctx, query, append([]any{pgx.QueryExecModeCacheStatement}, args...)...).Scan(dest...)
	case *DB:
		return conn.writeRow(ctx, query, append([]any{conn.sessions.hot()}, args...), dest...)
	}
	panic(fmt.Sprintf("db: %T is neither a DB nor a transaction", idb))
}

// writeRow tries again only where the statement has changed nothing.
func (d *DB) writeRow(ctx context.Context, query string, args []any, dest ...any) error {
	waits, rollbacks := retries{sessions: d.sessions}, 0
	for {
		err := d.Pool.QueryRow(ctx, query, args...).Scan(dest...)
		switch {
		case noFreeConn(err) && waits.again(ctx, err):
		case rolledBack(err) && rollbacks < maxRollbacks:
			rollbacks++
		default:
			if connLost(err) && ctx.Err() == nil {
				d.sessions.lose()
			}
			return err
		}
	}
}

// readRow runs a hot query, whose first argument is its mode, and scans its only row. It must change nothing,
// since it may run twice.
func (d *DB) readRow(ctx context.Context, query string, args []any, dest ...any) error {
	for try := (retries{sessions: d.sessions}); ; {
		if err := d.Pool.QueryRow(ctx, query, args...).Scan(dest...); !try.again(ctx, err) {
			return err
		}
	}
}
