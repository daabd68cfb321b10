package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	maxMadeUp      = 1000 // unknown tokens of a network in a minute
	maxRefuted     = 1 << 12
	refreshAge     = time.Second     // at this age a summary is refreshed if it is in use
	staleAge       = 5 * time.Second // and at this age it counts no longer
	refreshTimeout = 30 * time.Second
	rebuildAge     = 10 * time.Minute // it still has the tokens that were deleted since it was made
	overlap        = 10000            // ids that are read again, for transactions that committed late
)

// MadeUpTokens keeps tokens that somebody has made up from costing a look-up each. They cannot be guessed, so
// they are allowed; but a network that has presented many of them gets no look-up for a token that is
// certainly unknown. Good tokens work all the same.
type MadeUpTokens struct {
	counts  *Addresses
	refuted *lru.Cache[[32]byte, struct{}] // tokens that were looked up and not found
	db      *db.DB
	column  db.DigestColumn
	log     *slog.Logger
	now     func() time.Time
	wake    chan struct{}
	needed  atomic.Bool // whether the summary was used since the last refresh

	mu        sync.RWMutex
	summary   *summary // nil unless a network has reached the limit lately
	refreshed time.Time
}

// NewMadeUpTokens makes the limit for the tokens of one table. The limits of several tables share the counts.
func NewMadeUpTokens(counts *Addresses, column db.DigestColumn, d *db.DB, log *slog.Logger, now func() time.Time) *MadeUpTokens {
	refuted, err := lru.New[[32]byte, struct{}](maxRefuted)
	if err != nil {
		panic(err) // only a size below 1 is an error
	}
	return &MadeUpTokens{counts: counts, refuted: refuted, db: d, column: column, log: log, now: now, wake: make(chan struct{}, 1)}
}

// NewMadeUpCounts counts the unknown tokens that networks have presented to this replica.
func NewMadeUpCounts() *Addresses { return NewAddresses(maxMadeUp, nil, nil, nil) }

// Unknown reports whether a token that a network presents is certainly unknown, so that it needs no look-up. It
// says so only of networks that have presented too many.
func (t *MadeUpTokens) Unknown(network string, digest [32]byte, now time.Time) bool {
	if !t.counts.Reached(network, now) {
		return false
	}
	if t.refuted.Contains(digest) {
		return true
	}
	t.mu.RLock()
	summary, age := t.summary, now.Sub(t.refreshed)
	t.mu.RUnlock()
	if age > refreshAge || age < 0 {
		t.needed.Store(true)
		select {
		case t.wake <- struct{}{}:
		default: // it is being refreshed
		}
	}
	return summary != nil && age <= staleAge && !summary.mayContain(digest[:])
}

// Count says that a token of a network was looked up and not found.
func (t *MadeUpTokens) Count(network string, digest [32]byte, now time.Time) {
	t.counts.Count(network, now)
	t.refuted.Add(digest, struct{}{})
}

// Made says that this replica has made a token.
func (t *MadeUpTokens) Made(digest []byte) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.summary != nil {
		t.summary.add(digest)
	}
}

// Run refreshes the summary whenever it is needed, and drops it when it was not for an hour, until ctx ends.
func (t *MadeUpTokens) Run(ctx context.Context) {
	background.Every(ctx, time.Hour, t.wake, func(ctx context.Context) {
		if !t.needed.Swap(false) {
			t.use(nil, time.Time{})
			return
		}
		if err := t.refresh(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("reading the digests of tokens failed", "cause", err.Error())
		}
	})
}

func (t *MadeUpTokens) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	began, s := t.now(), t.summary // only this loop replaces it
	if s == nil || s.crowded() || began.Sub(s.made) > rebuildAge {
		rows, err := t.db.EstimateRows(ctx, t.column)
		if err != nil {
			return err
		}
		if s != nil {
			rows = max(rows, s.added)
		}
		s = newSummary(rows, began)
	}
	added := int64(0)
	last, err := t.db.EachDigest(ctx, t.column, s.last-overlap, func(digest []byte) { s.add(digest); added++ })
	if err != nil {
		return err
	}
	s.last, s.added = last, s.added+added
	t.use(s, began)
	return nil
}

func (t *MadeUpTokens) use(s *summary, refreshed time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.summary, t.refreshed = s, refreshed
}
