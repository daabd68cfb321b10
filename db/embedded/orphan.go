package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// stopOrphan ends a Postgres whose parent process is dead; the parent must be, since this process holds the
// lock.
func stopOrphan(ctx context.Context, d *directory) error {
	recorded, err := d.root.ReadFile(postmasterFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	pid := 0
	fmt.Sscan(string(recorded), &pid)
	// The process is found before it is examined, so that on Linux it cannot be replaced by another one of
	// the same id.
	if found, err := os.FindProcess(pid); err == nil && isPostmaster(pid, d.cluster()) {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for isPostmaster(pid, d.cluster()) && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
		}()
		orphan := &process{Process: found, ended: ended}
		if err := errors.Join(orphan.end(ctx), ctx.Err()); err != nil {
			return err
		}
	}
	// Postgres itself takes any living process of its user for the postmaster, for instance after a reboot.
	if err := d.root.Remove(postmasterFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
