package impl

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	tokenUseInterval = time.Minute     // between two saved uses of a token
	tokenUseTimeout  = 5 * time.Second // of one statement
)

// appToken is a token of an application.
type appToken struct {
	app *db.Application
	*lastUse
}

// lastUse is when a token of an application was last used, as far as that is saved.
type lastUse struct {
	id   int64
	uses *tokenUses
	at   atomic.Int64 // in Unix milliseconds
}

// touch records a use, which is saved in the background, unless a use of the last minute was. That costs one load.
func (l *lastUse) touch(now time.Time) {
	used, saved := now.UnixMilli(), l.at.Load()
	if since := used - saved; since >= 0 && since < tokenUseInterval.Milliseconds() {
		return
	}
	if l.at.CompareAndSwap(saved, used) {
		l.uses.add(l.id, now)
	}
}

// tokenUses are the uses of tokens that are not saved yet.
type tokenUses struct {
	db   *db.DB
	log  *slog.Logger
	wake chan struct{}

	mu      sync.Mutex
	pending map[int64]time.Time // by the token's id
}

func newTokenUses(d *db.DB, log *slog.Logger) *tokenUses {
	return &tokenUses{db: d, log: log, wake: make(chan struct{}, 1), pending: map[int64]time.Time{}}
}

func (u *tokenUses) add(id int64, at time.Time) {
	u.mu.Lock()
	u.pending[id] = at
	u.mu.Unlock()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// run saves uses until ctx ends, and then those that are left.
func (u *tokenUses) run(ctx context.Context) {
	save := func(ctx context.Context) { u.save(context.WithoutCancel(ctx)) }
	background.Every(ctx, tokenUseInterval, u.wake, save)
	save(ctx)
}

// save saves the pending uses. Where that fails they stay pending until the next one.
func (u *tokenUses) save(ctx context.Context) {
	u.mu.Lock()
	uses := u.pending
	u.pending = map[int64]time.Time{}
	u.mu.Unlock()
	if len(uses) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tokenUseTimeout)
	defer cancel()
	err := u.db.SaveTokenUses(ctx, uses)
	if err == nil {
		return
	}
	u.log.Warn("saving uses of application tokens failed", "cause", err.Error())
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, at := range uses {
		if _, later := u.pending[id]; !later {
			u.pending[id] = at
		}
	}
}
