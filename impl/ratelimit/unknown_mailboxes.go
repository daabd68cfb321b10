package ratelimit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const trimInterval = time.Hour

// UnknownMailboxes limits the rows of attempts for mailboxes that no user has.
type UnknownMailboxes struct {
	keep    int // rows
	db      *db.DB
	log     *slog.Logger
	counted atomic.Int64 // attempts since the start
	wake    chan struct{}
}

// NewUnknownMailboxes keeps the rows of the mailboxes that were tried last, up to one in a hundred more.
func NewUnknownMailboxes(keep int, d *db.DB, log *slog.Logger) *UnknownMailboxes {
	return &UnknownMailboxes{keep: keep, db: d, log: log, wake: make(chan struct{}, 1)}
}

// Counted says that an attempt for a mailbox that no user has was counted.
func (u *UnknownMailboxes) Counted() {
	if u.counted.Add(1)%int64(max(1, u.keep/100)) != 0 {
		return
	}
	select {
	case u.wake <- struct{}{}:
	default: // it will be trimmed anyway
	}
}

// Run trims the rows until ctx ends.
func (u *UnknownMailboxes) Run(ctx context.Context) {
	background.Every(ctx, trimInterval, u.wake, func(ctx context.Context) {
		if err := u.db.TrimUnknown(ctx, u.keep); err != nil && ctx.Err() == nil {
			u.log.Warn("deleting the attempts for unknown mailboxes failed", "cause", err.Error())
		}
	})
}
