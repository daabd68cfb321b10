package password

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	maxShare  = 64               // queued requests of one client address
	maxQueued = 512              // queued requests of all
	maxWait   = 10 * time.Second // in the queue
)

// ErrBusy means that a request got no slot: the queue or the client's share of it is full, or the request
// has waited for maxWait or until its deadline.
var ErrBusy = errors.New("all hash slots are taken, and the queue is full or too slow")

// Limiter limits how many passwords are hashed at once. Requests that find no free slot wait in a queue for
// each client address. A free slot goes to the address with the fewest active requests, among equals to the
// one that was served longest ago. The requests of an address thus wait behind the first one of any other.
type Limiter struct {
	slots int
	now   func() time.Time

	mu             sync.Mutex
	clients        map[string]*client // those with active or queued requests
	waiting        []*client          // those with queued requests, first come first
	spare          []*client          // for reuse, so that a request that finds a free slot allocates nothing
	active, queued int
	started        uint64        // requests that got a slot
	refused        uint64        // requests that got ErrBusy
	average        time.Duration // of the times that requests held a slot
}

// client is a client address.
type client struct {
	address string
	active  int
	served  uint64     // the number of its last start, 0 before the first
	queue   []*request // first come, first served
}

// request is a queued request. When done is closed, it has a slot, or err.
type request struct {
	done chan struct{}
	err  error
}

// NewLimiter returns a limiter with a number of slots. Only Wait depends on the clock.
func NewLimiter(slots int, now func() time.Time) *Limiter {
	return &Limiter{slots: slots, now: now, clients: map[string]*client{}}
}

// Do runs work in a slot. Requests of one address share its part of the queue. Do returns ErrBusy if there is
// no slot in time, and context.Canceled if ctx is canceled before.
func (l *Limiter) Do(ctx context.Context, address string, work func()) error {
	if err := l.acquire(ctx, address); err != nil {
		return err
	}
	began := l.now()
	defer func() { l.release(address, l.now().Sub(began)) }()
	work()
	return nil
}

func (l *Limiter) acquire(ctx context.Context, address string) error {
	l.mu.Lock()
	c := l.client(address)
	if l.active < l.slots { // then nobody is queued
		l.start(c)
		l.mu.Unlock()
		return nil
	}
	r := l.enqueue(c)
	l.mu.Unlock()
	if r == nil {
		return ErrBusy
	}
	timeout := time.NewTimer(maxWait)
	defer timeout.Stop()
	select {
	case <-r.done:
	case <-ctx.Done():
		l.leave(address, r, ctx.Err())
	case <-timeout.C:
		l.leave(address, r, ErrBusy)
	}
	return r.err
}

// client returns the entry of an address. The caller holds the lock, and starts, queues or forgets a request.
func (l *Limiter) client(address string) *client {
	c := l.clients[address]
	switch n := len(l.spare); {
	case c != nil:
		return c
	case n > 0:
		c, l.spare = l.spare[n-1], l.spare[:n-1]
	default:
		c = &client{}
	}
	c.address, l.clients[address] = address, c
	return c
}

// forget drops the entry of an address without requests. The caller holds the lock.
func (l *Limiter) forget(c *client) {
	if c.active > 0 || len(c.queue) > 0 {
		return
	}
	delete(l.clients, c.address)
	if c.address, c.served = "", 0; len(l.spare) < l.slots {
		l.spare = append(l.spare, c)
	}
}

// start counts a request that gets a slot. The caller holds the lock.
func (l *Limiter) start(c *client) {
	l.active++
	l.started++
	c.active++
	c.served = l.started
}

// enqueue queues a request, or returns nil if there is no place. In a full queue, the last request of the
// address with the most requests makes room for an address with fewer. The caller holds the lock.
func (l *Limiter) enqueue(c *client) *request {
	if l.queued >= maxQueued {
		longest := slices.MaxFunc(l.waiting, func(a, b *client) int { return len(a.queue) - len(b.queue) })
		if len(longest.queue) > len(c.queue)+1 {
			l.dequeue(longest, len(longest.queue)-1, ErrBusy)
		}
	}
	if l.queued >= maxQueued || len(c.queue) >= maxShare {
		l.refused++
		l.forget(c)
		return nil
	}
	r := &request{done: make(chan struct{})}
	if len(c.queue) == 0 {
		l.waiting = append(l.waiting, c)
	}
	c.queue = append(c.queue, r)
	l.queued++
	return r
}

// leave takes a request out of the queue that does not wait any longer. One that just got a slot keeps it.
func (l *Limiter) leave(address string, r *request, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-r.done:
		return
	default:
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		cause = ErrBusy
	}
	c := l.clients[address]
	l.dequeue(c, slices.Index(c.queue, r), cause)
	l.forget(c)
}

// dequeue takes a request out of the queue, with a slot or an error. The caller holds the lock.
func (l *Limiter) dequeue(c *client, i int, err error) {
	r := c.queue[i]
	c.queue = slices.Delete(c.queue, i, i+1)
	if len(c.queue) == 0 {
		i := slices.Index(l.waiting, c)
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	l.queued--
	if errors.Is(err, ErrBusy) {
		l.refused++
	}
	r.err = err
	close(r.done)
}

// release passes a slot on to a queued request.
func (l *Limiter) release(address string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.record(took)
	c := l.clients[address]
	l.active--
	c.active--
	l.next()
	l.forget(c)
}

// next starts the next queued request, if there is one. The caller holds the lock.
func (l *Limiter) next() {
	if len(l.waiting) == 0 {
		return
	}
	c := slices.MinFunc(l.waiting, func(a, b *client) int {
		return cmp.Or(cmp.Compare(a.active, b.active), cmp.Compare(a.served, b.served))
	})
	l.start(c)
	l.dequeue(c, 0, nil)
}

// record updates the moving average. The caller holds the lock.
func (l *Limiter) record(took time.Duration) {
	if l.average == 0 {
		l.average = took
		return
	}
	l.average += (took - l.average) / 8
}

// Wait estimates how long the active requests and those queued will take that get a slot before the queue of
// an address is empty. It is 0 until the first request is done.
func (l *Limiter) Wait(address string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := 1
	if c := l.clients[address]; c != nil {
		own = max(own, len(c.queue))
	}
	requests := l.active
	for _, c := range l.waiting {
		requests += min(len(c.queue), own)
	}
	return time.Duration(requests) * l.average / time.Duration(l.slots)
}

// Load is what a limiter does at a moment.
type Load struct {
	Slots     int    // limit of active requests
	Active    int    // requests that hold a slot
	Queued    int    // requests that wait for a slot
	Addresses int    // client addresses of the queued requests
	Refused   uint64 // requests since the start that got ErrBusy
}

// Load returns the present load.
func (l *Limiter) Load() Load {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Load{Slots: l.slots, Active: l.active, Queued: l.queued, Addresses: len(l.waiting), Refused: l.refused}
}
