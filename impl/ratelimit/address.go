package ratelimit

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	exchangeInterval = time.Second
	exchangeTimeout  = 5 * time.Second
	exchangeMost     = 2000 // networks in one exchange: those with the most requests

	// maxNetworks is how many networks are counted at once. Beyond it, those that have sent nothing for the
	// longest time are forgotten.
	maxNetworks = 1 << 17
	maxPending  = 1 << 14 // networks that wait for the next exchange
)

// Addresses limits the requests of each network in any minute.
type Addresses struct {
	// ExchangeInterval is the time between two exchanges with the other replicas. Tests shorten it before
	// Run.
	ExchangeInterval time.Duration

	limit int // requests in a minute; 0 for no limit
	db    *db.DB
	log   *slog.Logger
	now   func() time.Time

	mu       sync.Mutex
	networks *lru.LRU[string, *requests]
	pending  map[string]bool // networks with requests that the other replicas have not got
}

// NewAddresses makes a limiter that allows limit requests in any minute, or any number if limit is 0.
func NewAddresses(limit int, d *db.DB, log *slog.Logger, now func() time.Time) *Addresses {
	networks, err := lru.NewLRU[string, *requests](maxNetworks, nil)
	if err != nil {
		panic(err) // only a size below 1 is an error
	}
	return &Addresses{
		ExchangeInterval: exchangeInterval, limit: limit, db: d, log: log, now: now, networks: networks, pending: map[string]bool{},
	}
}

// Count counts a request from an address and returns 0. Over the limit, it counts nothing and returns the time
// until another request is allowed. Requests without an address ("") are not limited.
func (a *Addresses) Count(address string, now time.Time) (wait time.Duration) {
	if a.limit == 0 || address == "" {
		return 0
	}
	network := Network(address)
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.of(network)
	if wait := r.wait(a.limit, now); wait > 0 {
		return wait
	}
	r.add(now)
	if len(a.pending) < maxPending {
		a.pending[network] = true
	}
	return 0
}

// Reached reports whether an address has reached the limit. It counts nothing.
func (a *Addresses) Reached(address string, now time.Time) bool {
	if a.limit == 0 {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, found := a.networks.Peek(Network(address))
	return found && r.wait(a.limit, now) > 0
}

// of returns the requests of a network. The caller holds the lock.
func (a *Addresses) of(network string) *requests {
	r, found := a.networks.Get(network)
	if !found {
		r = &requests{}
		a.networks.Add(network, r)
	}
	return r
}

// Load reads the requests of the last minute, such as those from before a restart.
func (a *Addresses) Load(ctx context.Context) error {
	if a.limit == 0 {
		return nil
	}
	totals, err := a.db.AddressRequests(ctx, a.since(), maxNetworks)
	if err != nil {
		return err
	}
	a.merge(nil, totals)
	return nil
}

// since returns when the oldest slot begins that still counts.
func (a *Addresses) since() time.Time { return a.now().Add(-window).Truncate(slotLength) }

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
	own := a.unsynced()
	if len(own) == 0 {
		return
	}
	totals, err := a.db.ExchangeAddressRequests(ctx, own, a.since())
	if err != nil {
		a.log.Warn("exchanging the request counts of addresses failed", "cause", err.Error())
		a.retry(own)
		return
	}
	a.merge(own, totals)
}

// unsynced returns the requests to this replica since the last exchange, of the networks with the most.
func (a *Addresses) unsynced() (own []db.AddressRequests) {
	a.mu.Lock()
	defer a.mu.Unlock()
	total := map[string]int{}
	for network := range a.pending {
		if r, found := a.networks.Peek(network); found {
			total[network] = r.total()
		}
	}
	clear(a.pending)
	most := slices.SortedFunc(maps.Keys(total), func(x, y string) int { return cmp.Compare(total[y], total[x]) })
	for _, network := range most[:min(len(most), exchangeMost)] {
		r, _ := a.networks.Peek(network)
		for _, s := range r.slots {
			if s.own > 0 {
				own = append(own, db.AddressRequests{Slot: s.start, Address: network, Requests: s.own})
			}
		}
	}
	return own
}

// merge takes over the totals of all replicas, which include what this one has added.
func (a *Addresses) merge(added, totals []db.AddressRequests) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range totals {
		a.of(t.Address).merge(t, now)
	}
	for _, t := range added {
		if r, found := a.networks.Peek(t.Address); found { // else it was forgotten meanwhile
			s := r.at(t.Slot)
			s.own = max(0, s.own-t.Requests)
		}
	}
}

// retry leaves counts to the next exchange.
func (a *Addresses) retry(counts []db.AddressRequests) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range counts {
		a.pending[c.Address] = true
	}
}
