package impl

import (
	"context"
	"sync"
	"time"
)

// requestLimit ends the work of a request whose database does not answer.
const requestLimit = 30 * time.Second

// deadline is the context of a request: it ends when its caller goes away, or requestLimit after somebody has first waited for
// something. Only then is its timer made; a check of a session that is kept waits for nothing.
type deadline struct {
	context.Context // of the connection
	call            *call

	mu     sync.Mutex
	timed  context.Context // nil until somebody waits
	cancel context.CancelFunc
}

// end stops the timer.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel != nil {
		d.cancel()
	}
}

func (d *deadline) wait() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.cancel = context.WithTimeout(d.Context, requestLimit)
	}
	return d.timed
}

// Deadline is when the request ends at the latest.
func (d *deadline) Deadline() (time.Time, bool) { return d.wait().Deadline() }

// Done is closed when the request has ended.
func (d *deadline) Done() <-chan struct{} { return d.wait().Done() }

// Err says why the request has ended.
func (d *deadline) Err() error { return d.wait().Err() }

// Value has the call, and what the connection has.
func (d *deadline) Value(key any) any {
	if key == (callKey{}) {
		return d.call
	}
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil {
		return timed.Value(key) // contexts that are made from this one find its timer by this
	}
	return d.Context.Value(key)
}
