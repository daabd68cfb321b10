package sessioncache

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	flushBatch    = 5000            // updates in one statement
	flushTimeout  = 5 * time.Second // of one statement
	flushAttempts = 5               // at shutdown, while updates cannot be written
	writeTimeout  = time.Second     // of an update that a request waits for
)

// lastUsedBuffer holds the last-used updates that are not written yet, one for each session.
type lastUsedBuffer struct {
	log *slog.Logger
	// write is db.DB.FlushLastUsed.
	write func(context.Context, []db.LastUsedUpdate, time.Duration) (locked []int64, _ error)

	mu      sync.Mutex
	pending map[int64]db.LastUsedUpdate // by session id
	// flushing has those of the last flush, also when it has ended: a read that began before it saw the old
	// value.
	flushing map[int64]db.LastUsedUpdate
}

func newLastUsedBuffer(log *slog.Logger, d *db.DB) *lastUsedBuffer {
	return &lastUsedBuffer{log: log, write: d.FlushLastUsed, pending: map[int64]db.LastUsedUpdate{}}
}

// add adds an update. Two pending updates of a session become one, from the earlier Known to the later
// UsedAt.
func (b *lastUsedBuffer) add(u db.LastUsedUpdate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if other, ok := b.pending[u.SessionID]; ok {
		if other.Known.Before(u.Known) {
			u.Known = other.Known
		}
		if other.UsedAt.After(u.UsedAt) {
			u.UsedAt = other.UsedAt
		}
	}
	b.pending[u.SessionID] = u
}

// latest returns the last use of a session: the last_used_at that was read, or that of an update which is not
// written yet. An update does not count if what was read is older than its Known: then an operator has set
// last_used_at back.
func (b *lastUsedBuffer) latest(session int64, read time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	latest := read
	for _, u := range []db.LastUsedUpdate{b.flushing[session], b.pending[session]} {
		if !read.Before(u.Known) && u.UsedAt.After(latest) {
			latest = u.UsedAt
		}
	}
	return latest
}

// run flushes at each interval until ctx ends. Then it flushes until no update is pending, or flushAttempts
// have failed.
func (b *lastUsedBuffer) run(ctx context.Context, interval time.Duration) {
	flush := func(ctx context.Context) { b.flush(context.WithoutCancel(ctx)) }
	background.Every(ctx, interval, nil, flush)
	for range flushAttempts {
		if b.flush(context.WithoutCancel(ctx)) {
			return
		}
		time.Sleep(interval)
	}
}

// flush writes the pending updates. Those that cannot be written stay pending. It reports whether none do.
func (b *lastUsedBuffer) flush(ctx context.Context) (empty bool) {
	b.mu.Lock()
	updates := b.pending
	b.flushing, b.pending = updates, map[int64]db.LastUsedUpdate{}
	b.mu.Unlock()
	for batch := range slices.Chunk(slices.Collect(maps.Values(updates)), flushBatch) {
		locked, err := b.writeBatch(ctx, batch)
		if err != nil {
			b.log.Warn("writing last-used updates failed", "cause", err.Error())
			for _, u := range batch {
				b.add(u)
			}
		}
		for _, session := range locked {
			b.add(updates[session])
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending) == 0
}

// writeNow writes an update that is pending. It stays pending, and the next flush finds it written, or writes
// it.
func (b *lastUsedBuffer) writeNow(ctx context.Context, u db.LastUsedUpdate) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if _, err := b.write(ctx, []db.LastUsedUpdate{u}, TouchInterval); err != nil {
		b.log.Warn("writing a last-used update failed", "cause", err.Error())
	}
}

func (b *lastUsedBuffer) writeBatch(ctx context.Context, batch []db.LastUsedUpdate) (locked []int64, _ error) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	return b.write(ctx, batch, TouchInterval)
}
