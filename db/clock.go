package db

import (
	"sync/atomic"
	"time"
)

// clock is the clock of the database, as far as it is known.
type clock struct {
	ahead atomic.Int64 // nanoseconds that this machine's clock is ahead of it
}

func (c *clock) set(now time.Time) { c.ahead.Store(int64(time.Since(now))) }

func (c *clock) now() time.Time { return time.Now().Add(-time.Duration(c.ahead.Load())) }
