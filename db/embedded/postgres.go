package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// Postgres is a running Postgres.
type Postgres struct {
	// URL is the address of the database planoauth, with superuser and password. The port changes with each
	// start.
	URL string

	directory *directory
	launcher  launcher
	stopping  sync.Once
	stopped   error // the result of Stop

	mu      sync.Mutex // held while Postgres is started again
	process *process
	ending  bool // Stop was called
}

// Start starts the Postgres of a data directory and returns once it accepts connections. The first start
// creates the cluster. A Postgres that a killed process left behind is stopped first.
//
// Options are server settings such as "fsync=off", which also makes the first start faster. ctx limits the
// start only. The error says what to do; it wraps ErrRunning if another process holds the directory.
func Start(ctx context.Context, dir string, options ...string) (*Postgres, error) {
	return start(ctx, dir, installedBinaries(), options)
}

// start is Start with the binaries in the directories that match these patterns.
func start(ctx context.Context, dir string, patterns, options []string) (*Postgres, error) {
	d, err := lockDirectory(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded Postgres in %s: %w", dir, err)
	}
	p, err := startIn(ctx, d, patterns, options)
	if err != nil {
		if d.account != nil && errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w; root cannot run Postgres, user id %d does and must be able to enter the directory: "+
				"choose another one", err, d.account.Uid)
		}
		d.release()
		return nil, fmt.Errorf("embedded Postgres in %s: %w", dir, err)
	}
	return p, nil
}

func startIn(ctx context.Context, d *directory, patterns, options []string) (*Postgres, error) {
	d.removeUnfinished()
	b, err := findBinaries(ctx, d, patterns)
	if err != nil {
		return nil, err
	}
	password, err := initialize(ctx, d, b, !slices.Contains(options, "fsync=off"))
	if err != nil {
		return nil, err
	}
	l := launcher{d, b, password, options}
	return l.launch(ctx, freePort)
}

// Stop shuts Postgres down, closes its connections and waits for its end. Repeated and concurrent calls are
// allowed. The error is how Postgres ended if that was not a regular shutdown, even if it happened long
// before.
func (p *Postgres) Stop() error {
	p.stopping.Do(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ending = true
		if err := p.process.end(context.Background()); err != nil {
			p.stopped = err
		} else if p.process.result != nil {
			p.stopped = fmt.Errorf("embedded Postgres in %s: %w", p.directory.path, p.process.result)
		}
		p.directory.release()
	})
	return p.stopped
}

// OpenFile opens a file in the data directory that only its owner can read, and creates it if needed.
func (p *Postgres) OpenFile(name string) (*os.File, error) { return p.directory.open(name, os.O_RDWR) }
