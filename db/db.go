// Package db is PlanoAuth's data in Postgres: the models, the queries that are used in more than one place, the migrations,
// and the Postgres that runs embedded.
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

// connsPerCore is how many connections a pool may open for each core, unless DATABASE_URL has pool_max_conns: enough that
// requests that wait for a commit do not hold up those that read.
const connsPerCore = 8

// connectTimeout is for one connection, unless DATABASE_URL has connect_timeout.
const connectTimeout = 5 * time.Second

// DB is one pool of connections, spoken to through bun, or directly where a query is hot.
type DB struct {
	*bun.DB
	Pool *pgxpool.Pool
}

// ParseURL reads a postgres:// URL, as DATABASE_URL has it, into the settings of a pool.
func ParseURL(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The error of the parser may repeat the URL, and with it the password.
		return nil, fmt.Errorf("DATABASE_URL is not a postgres:// URL")
	}
	// bun puts values into the text of a query, so that a cache of prepared statements would only grow.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = int32(connsPerCore * runtime.GOMAXPROCS(0))
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	return config, nil
}

// Open makes a pool. It does not connect yet.
func Open(ctx context.Context, config *pgxpool.Config) (*DB, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &DB{DB: bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New()), Pool: pool}, nil
}

// Close closes all connections, and waits until those in use are given back.
func (d *DB) Close() {
	d.DB.Close()
	d.Pool.Close()
}
