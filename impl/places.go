package impl

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/planoauth/planoauth/gen"
)

const maxWaiting = 64 // requests that wait for a hashing place

// errBusy means that all hashing places are taken and enough requests wait: the outcome is server-busy.
var errBusy = errors.New("all hashing places are taken")

// places bounds how many passwords are hashed or judged at once, first come, first served.
type places struct {
	width int64
	taken *semaphore.Weighted
	inUse atomic.Int64 // working and waiting
	now   func() time.Time
	took  atomic.Int64 // nanoseconds that the work of one takes, of late
}

func newPlaces(width int, now func() time.Time) *places {
	return &places{width: int64(width), taken: semaphore.NewWeighted(int64(width)), now: now}
}

// do runs work in a place. It is errBusy when too many wait, or the error of ctx when the caller has gone away, whose turn is
// the next one's then.
func (p *places) do(ctx context.Context, work func()) error {
	defer p.inUse.Add(-1)
	if p.inUse.Add(1) > p.width+maxWaiting {
		return errBusy
	}
	if err := p.taken.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.taken.Release(1)
	began := p.now()
	work()
	took, before := int64(p.now().Sub(began)), p.took.Load()
	if before != 0 {
		took = before + (took-before)/8
	}
	p.took.Store(took) // two that end together may count as one
	return nil
}

// wait is how long those take who are here now.
func (p *places) wait() time.Duration {
	return time.Duration(p.inUse.Load() * p.took.Load() / p.width)
}

// busy is the outcome of a request that no hashing place was left for.
func (s *Server) busy(c *call) gen.ServerBusy {
	c.retryAfter(s.places.wait())
	return gen.ServerBusy{}
}
