// Package db holds PlanoAuth's data in Postgres: models, queries, names of constraints, migrations and the
// connection pool.
//
// Functions that take a bun.IDB run on a transaction or on the pool, and never commit; those that take a
// bun.Tx need a transaction. Methods of DB run on the pool. Queries use bun, except where a comment says that
// pgx makes a hot one faster. Errors for which a caller has an answer are exported here; broken constraints
// are recognized with Violates.
package db

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// connsPerCore is the number of connections per core unless DATABASE_URL sets pool_max_conns: enough that
// requests that wait for a commit do not block requests that only read.
const connsPerCore = 8

// connectTimeout limits opening a connection unless DATABASE_URL sets connect_timeout.
const connectTimeout = 5 * time.Second

// DB is a pool of connections. bun and pgx share it.
type DB struct {
	*bun.DB
	Pool *pgxpool.Pool
}

// ParseURL returns the pool settings of a postgres:// URL, the value of DATABASE_URL. Its error never
// contains the password. Hot queries are prepared statements, so a pooler such as PgBouncer must be in
// session mode.
func ParseURL(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The parser's error can contain the URL, and so the password.
		return nil, fmt.Errorf("DATABASE_URL is not a postgres:// URL")
	}
	// bun formats values into the query text, so pgx's default statement cache would prepare every query
	// anew.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = int32(connsPerCore * runtime.GOMAXPROCS(0))
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	return config, nil
}

// Open creates a pool. Connections are opened on demand, so it succeeds without a server.
func Open(ctx context.Context, config *pgxpool.Config) (*DB, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &DB{DB: bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New()), Pool: pool}, nil
}

// Close closes all connections. It waits for those in use.
func (d *DB) Close() {
	d.DB.Close()
	d.Pool.Close()
}

// sqlConn returns the connection under bun, for hot queries with $1 placeholders and pgx's statement cache:
// bun's own methods would format the query.
func sqlConn(idb bun.IDB) bun.IConn {
	switch conn := idb.(type) {
	case bun.Tx:
		return conn.Tx
	case *DB:
		return conn.DB.DB
	}
	panic(fmt.Sprintf("db: %T is neither a DB nor a transaction", idb))
}
