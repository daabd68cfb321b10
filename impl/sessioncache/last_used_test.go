package sessioncache

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/planoauth/planoauth/db"
)

func update(known, usedAt time.Duration) db.LastUsedUpdate {
	return db.LastUsedUpdate{SessionID: 7, Known: start.Add(known), UsedAt: start.Add(usedAt)}
}

func TestPendingUpdatesBecomeOne(t *testing.T) {
	t.Parallel()
	want := update(0, 5*time.Minute)
	for _, updates := range [][]db.LastUsedUpdate{
		{update(0, 2*time.Minute), update(2*time.Minute, 5*time.Minute)},
		{update(2*time.Minute, 5*time.Minute), update(0, 2*time.Minute)},
		{update(0, 5*time.Minute), update(2*time.Minute, 4*time.Minute)},
	} {
		b := newLastUsedBuffer(nil, nil)
		for _, u := range updates {
			b.add(u)
		}
		if got := b.pending[7]; got != want {
			t.Errorf("%v became %v", updates, got)
		}
	}
}

func TestLatest(t *testing.T) {
	t.Parallel()
	b := newLastUsedBuffer(nil, nil)
	b.flushing = map[int64]db.LastUsedUpdate{7: update(0, 2*time.Minute)}
	b.add(update(2*time.Minute, 5*time.Minute))
	for _, row := range []struct {
		name       string
		read, want time.Duration
	}{
		{"read before the flush", 0, 2 * time.Minute},
		{"read after the flush", 2 * time.Minute, 5 * time.Minute},
		{"another replica wrote a later use", 6 * time.Minute, 6 * time.Minute},
		{"an operator set it back", -96 * time.Hour, -96 * time.Hour},
	} {
		if got := b.latest(7, start.Add(row.read)); !got.Equal(start.Add(row.want)) {
			t.Errorf("%s: the last use is %v, not %v after the start", row.name, got.Sub(start), row.want)
		}
	}
	if got := b.latest(8, start); !got.Equal(start) {
		t.Errorf("a session without an update was last used at %v", got)
	}
}

// writer stands for the database: it takes the updates of calls that do not fail.
type writer struct {
	failures int // calls that fail first
	locked   []int64
	calls    []time.Time
	written  []int64
}

func (w *writer) write(_ context.Context, updates []db.LastUsedUpdate, _ time.Duration) ([]int64, error) {
	w.calls = append(w.calls, time.Now())
	if len(w.calls) <= w.failures {
		return nil, errors.New("no connection")
	}
	for _, u := range updates {
		if !slices.Contains(w.locked, u.SessionID) {
			w.written = append(w.written, u.SessionID)
		}
	}
	return w.locked, nil
}

func TestFlush(t *testing.T) {
	t.Parallel()
	w := &writer{failures: 1, locked: []int64{8}}
	b := newLastUsedBuffer(slog.New(slog.DiscardHandler), nil)
	b.write = w.write
	b.add(db.LastUsedUpdate{SessionID: 7})
	b.add(db.LastUsedUpdate{SessionID: 8})
	if b.flush(t.Context()) || len(b.pending) != 2 {
		t.Errorf("after a failure %d updates are pending", len(b.pending))
	}
	if b.flush(t.Context()) || len(b.pending) != 1 || !slices.Equal(w.written, []int64{7}) {
		t.Errorf("while a session is locked %v were written and %d updates are pending", w.written, len(b.pending))
	}
	w.locked = nil
	if !b.flush(t.Context()) || !slices.Equal(w.written, []int64{7, 8}) {
		t.Errorf("%v were written", w.written)
	}
}

func TestFlushAtShutdown(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name             string
		failures         int
		attempts, remain int
		took             time.Duration
	}{
		{"at the first attempt", 0, 1, 0, 0},
		{"at the third attempt", 2, 3, 0, 2 * time.Second},
		{"never", 100, flushAttempts, 1, flushAttempts * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &writer{failures: row.failures}
				b := newLastUsedBuffer(slog.New(slog.DiscardHandler), nil)
				b.write = w.write
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					b.run(ctx, time.Second)
				}()
				time.Sleep(time.Millisecond) // after the first flush, which had nothing to write
				b.add(db.LastUsedUpdate{SessionID: 7})
				cancelled := time.Now()
				cancel()
				<-ended
				if len(w.calls) != row.attempts || len(b.pending) != row.remain || time.Since(cancelled) != row.took {
					t.Errorf("%d attempts in %v left %d updates", len(w.calls), time.Since(cancelled), len(b.pending))
				}
			})
		})
	}
}

// TestUseAfterALongPause: it is written before Touch returns, and others are not. All stay pending until the
// next flush, which finds or writes them.
func TestUseAfterALongPause(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name           string
		after          time.Duration
		failures       int
		locked         []int64
		calls, pending int
	}{
		{"a minute later", time.Minute, 0, nil, 0, 1},
		{"just an hour later", time.Hour, 0, nil, 0, 1},
		{"more than an hour later", time.Hour + time.Second, 0, nil, 1, 1},
		{"while the database is away", 71 * time.Hour, 1, nil, 1, 1},
		{"while the session is locked", 71 * time.Hour, 0, []int64{7}, 1, 1},
	} {
		now := start
		c := newTestCache(&now)
		w := &writer{failures: row.failures, locked: row.locked}
		c.lastUsed.write = w.write
		session := load(t, c)
		used := session.LastUsedAt.Add(row.after)
		if touched := c.Touch(t.Context(), digest, session, used); !touched.LastUsedAt.Equal(used) {
			t.Errorf("%s: the session was last used at %v", row.name, touched.LastUsedAt)
		}
		if len(w.calls) != row.calls || len(c.lastUsed.pending) != row.pending {
			t.Errorf("%s: %d writes, and %d updates are pending", row.name, len(w.calls), len(c.lastUsed.pending))
		}
	}
}
