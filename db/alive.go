package db

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// AliveInterval is how often a server calls CheckAlive.
	AliveInterval = 250 * time.Millisecond

	awayAfter      = 4 * time.Second // without a sign of life
	minCheckPeriod = time.Second     // for one check, while the database is away
)

// watch is the connection of CheckAlive.
type watch struct {
	mu       sync.Mutex
	conn     *pgx.Conn
	closed   bool
	answered time.Time // when Postgres gave its last sign of life
}

// CheckAlive asks Postgres for a sign of life, on a connection of its own, so that it also works while all
// others are in use. After awayAfter without one, the database counts as away: all statements under way fail,
// and no connection is opened before a later call has got an answer.
func (d *DB) CheckAlive(ctx context.Context) {
	w := &d.watch
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
	if w.ping(checking, d) {
		w.answered = time.Now()
		d.sessions.guard.setAway(false)
	} else if ctx.Err() == nil && time.Since(w.answered) >= awayAfter {
		d.sessions.guard.setAway(true)
	}
}

// ping reports whether Postgres answered. A refusal is an answer too.
func (w *watch) ping(ctx context.Context, d *DB) bool {
	var err error
	if w.conn == nil {
		config := d.Pool.Config().ConnConfig
		config.DialFunc = dialer.DialContext // also while the database is away
		w.conn, err = pgx.ConnectConfig(ctx, config)
	}
	if err == nil {
		err = w.conn.Ping(ctx)
	}
	if err == nil {
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
