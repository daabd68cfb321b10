package db

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// AliveInterval is how often a server calls DB.CheckAlive.
	AliveInterval = 250 * time.Millisecond

	awayAfter      = 4 * time.Second // without a sign of life
	minCheckPeriod = time.Second     // for one check, while the database is away
)

// watch is the connection that asks for signs of life.
type watch struct {
	config   *pgx.ConnConfig
	sessions *sessions

	mu       sync.Mutex
	conn     *pgx.Conn
	closed   bool
	answered time.Time // when Postgres gave its last sign of life
}

// check is DB.CheckAlive.
func (w *watch) check(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if w.answered.IsZero() {
		w.answered = time.Now()
	}
	checking, cancel := context.WithTimeout(ctx, max(awayAfter-time.Since(w.answered), minCheckPeriod))
	defer cancel()
	if w.ping(checking) {
		w.answered = time.Now()
		w.sessions.guard.setAway(false)
	} else if ctx.Err() == nil && time.Since(w.answered) >= awayAfter {
		w.sessions.guard.setAway(true)
	}
}

// ping reports whether Postgres answered, and asks its clock. A refusal is an answer too.
func (w *watch) ping(ctx context.Context) bool {
	var err error
	var now time.Time
	if w.conn == nil {
		config := w.config.Copy()
		config.DialFunc = dialer.DialContext // also while the database is away
		if err = w.sessions.withoutCancel(ctx, config); err == nil {
			w.conn, err = pgx.ConnectConfig(ctx, config)
		}
	}
	if err == nil {
		err = w.conn.QueryRow(ctx, "SELECT now()", pgx.QueryExecModeSimpleProtocol).Scan(&now)
	}
	if err == nil {
		w.sessions.clock.set(now)
		return true
	}
	w.drop()
	return sqlState(err) != ""
}

// drop closes the connection without waiting for Postgres.
func (w *watch) drop() {
	if w.conn != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		w.conn.Close(ended)
		w.conn = nil
	}
}

func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	w.closed = true
}
