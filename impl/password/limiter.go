package password

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// maxQueued is how many requests may wait for a slot.
const maxQueued = 64

// ErrBusy means that all slots are taken and the queue is full.
var ErrBusy = errors.New("all hash slots are taken and the queue is full")

// Limiter bounds how many passwords are hashed at once. Requests that find no free slot wait in a queue,
// first come, first served.
type Limiter struct {
	slots     int64
	semaphore *semaphore.Weighted
	requests  atomic.Int64 // active and queued
	now       func() time.Time
	average   atomic.Int64 // of the times that requests held a slot, in nanoseconds
}

// NewLimiter returns a limiter with a number of slots. Only Wait depends on the clock.
func NewLimiter(slots int, now func() time.Time) *Limiter {
	return &Limiter{slots: int64(slots), semaphore: semaphore.NewWeighted(int64(slots)), now: now}
}

// Do runs work in a slot. It returns ErrBusy at once if the queue is full, and the error of ctx if ctx ends
// before a slot is free.
func (l *Limiter) Do(ctx context.Context, work func()) error {
	defer l.requests.Add(-1)
	if l.requests.Add(1) > l.slots+maxQueued {
		return ErrBusy
	}
	if err := l.semaphore.Acquire(ctx, 1); err != nil {
		return err
	}
	defer l.semaphore.Release(1)
	began := l.now()
	work()
	l.record(l.now().Sub(began))
	return nil
}

// record updates the moving average. Concurrent calls may lose a duration, which an estimate can bear.
func (l *Limiter) record(took time.Duration) {
	average := l.average.Load()
	if average == 0 {
		l.average.Store(int64(took))
		return
	}
	l.average.Store(average + (int64(took)-average)/8)
}

// Wait estimates how long all active and queued requests will take. It is 0 until the first request is done.
func (l *Limiter) Wait() time.Duration {
	return time.Duration(l.requests.Load() * l.average.Load() / l.slots)
}

// Slots returns how many requests may be active at once.
func (l *Limiter) Slots() int { return int(l.slots) }

// Active returns how many requests hold a slot.
func (l *Limiter) Active() int { return int(min(l.requests.Load(), l.slots)) }

// Queued returns how many requests wait for a slot.
func (l *Limiter) Queued() int { return int(min(max(l.requests.Load()-l.slots, 0), maxQueued)) }
