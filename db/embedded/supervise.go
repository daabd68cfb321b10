package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

const (
	restartTimeout = 2 * time.Minute // for one start, with the recovery of the data
	// briefLife and briefLives: a Postgres that ends so soon after its start so many times in a row is not
	// started again.
	briefLife  = 10 * time.Second
	briefLives = 5
)

// Supervise starts Postgres again, with its data and on its port, whenever it has ended without Stop, also
// while it was starting. It calls ended with the cause before each start. It returns nil after Stop, or the
// reason why Postgres cannot be started again.
func (p *Postgres) Supervise(ended func(cause error)) error {
	var failed error // why the last start failed, nil if it did not
	for brief := 0; brief < briefLives; brief++ {
		current, began := p.current(), time.Now()
		<-current.ended
		if time.Since(began) > briefLife {
			brief = 0
		}
		var again bool
		again, failed = p.restart(cmp.Or(failed, current.result), ended)
		if !again || failed != nil && !errors.Is(failed, errEndedAtStart) {
			return failed
		}
	}
	return cmp.Or(failed, fmt.Errorf("embedded Postgres in %s: it ends again and again; its log is in that directory", p.directory.path))
}

func (p *Postgres) current() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

// restart starts Postgres in place of a process that has ended, by a cause that is nil for a shutdown. It
// reports false after Stop.
func (p *Postgres) restart(cause error, ended func(cause error)) (again bool, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return false, nil
	}
	if cause == nil {
		cause = errors.New("it was shut down")
	}
	ended(cause)
	u, err := url.Parse(p.URL)
	if err != nil {
		return true, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), restartTimeout)
	defer cancel()
	// The pool of this process knows the port, so no other is chosen.
	next, err := p.launcher.launch(ctx, func() (int, error) { return strconv.Atoi(u.Port()) })
	if err != nil {
		return true, fmt.Errorf("embedded Postgres in %s: %w", p.directory.path, err)
	}
	p.process = next.process
	return true, nil
}
