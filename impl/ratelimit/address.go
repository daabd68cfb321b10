package ratelimit

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	exchangeInterval = time.Second
	exchangeBatch    = 5000            // addresses in one statement
	exchangeTimeout  = 5 * time.Second // of all statements of one exchange
)

// Addresses limits the requests of each address in a minute of the clock.
type Addresses struct {
	// ExchangeInterval is the time between two exchanges with the other replicas. Tests shorten it before
	// Run.
	ExchangeInterval time.Duration

	limit int // requests in a minute; 0 for no limit
	db    *db.DB
	log   *slog.Logger
	now   func() time.Time

	mu     sync.Mutex
	minute time.Time
	counts map[string]*count // by network, in this minute
}

type count struct {
	synced int // requests to all replicas, as of the last exchange
	own    int // requests to this replica that are not in synced
}

// NewAddresses makes a limiter that allows limit requests a minute, or any number if limit is 0.
func NewAddresses(limit int, d *db.DB, log *slog.Logger, now func() time.Time) *Addresses {
	return &Addresses{ExchangeInterval: exchangeInterval, limit: limit, db: d, log: log, now: now}
}

// Count counts a request from an address and returns 0. Over the limit, it counts nothing and returns the
// time until the next minute. Requests without an address ("") are not limited.
func (a *Addresses) Count(address string, now time.Time) (wait time.Duration) {
	if a.limit == 0 || address == "" {
		return 0
	}
	network := Network(address)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(now)
	c := a.of(network)
	if c.synced+c.own >= a.limit {
		return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	}
	c.own++
	return 0
}

// of returns the count of a network. The caller holds the lock.
func (a *Addresses) of(network string) *count {
	c := a.counts[network]
	if c == nil {
		c = &count{}
		a.counts[network] = c
	}
	return c
}

// turn drops all counts, exchanged or not, when another minute begins. The caller holds the lock. A slow
// request from the minute before drops nothing, but a clock that was set back further does.
func (a *Addresses) turn(now time.Time) {
	if minute := now.Truncate(time.Minute); minute.After(a.minute) || a.minute.Sub(minute) > time.Minute {
		a.minute, a.counts = minute, map[string]*count{}
	}
}

// Load reads the counts of the current minute, such as those from before a restart.
func (a *Addresses) Load(ctx context.Context) error {
	minute, _ := a.unsynced()
	totals, err := a.db.AddressRequests(ctx, minute)
	if err != nil {
		return err
	}
	a.merge(minute, nil, totals)
	return nil
}

// Run exchanges counts with the other replicas at each interval until ctx ends, and then once more.
func (a *Addresses) Run(ctx context.Context) {
	background.Every(ctx, a.ExchangeInterval, nil, a.exchange)
	a.exchange(ctx)
}

// exchange adds the requests to this replica to the table and reads the totals of all replicas. It is not
// interrupted when ctx ends: requests that were added but not merged would be added again.
func (a *Addresses) exchange(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTimeout)
	defer cancel()
	minute, own := a.unsynced()
	for batch := range slices.Chunk(own, exchangeBatch) {
		totals, err := a.db.AddAddressRequests(ctx, minute, batch)
		if err != nil {
			a.log.Warn("exchanging the request counts of addresses failed", "cause", err.Error())
			return
		}
		a.merge(minute, batch, totals)
	}
}

// unsynced returns the requests to this replica since the last exchange.
func (a *Addresses) unsynced() (minute time.Time, own []db.AddressRequests) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(a.now().UTC())
	for network, c := range a.counts {
		if c.own > 0 {
			own = append(own, db.AddressRequests{Address: network, Requests: c.own})
		}
	}
	return a.minute, own
}

// merge takes over the totals of all replicas, which include what this one has added.
func (a *Addresses) merge(minute time.Time, added, totals []db.AddressRequests) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.minute.Equal(minute) {
		return
	}
	for _, t := range totals {
		a.of(t.Address).synced = t.Requests
	}
	for _, t := range added {
		a.of(t.Address).own -= t.Requests
	}
}
