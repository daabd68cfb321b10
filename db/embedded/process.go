package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a postmaster has to end after a signal, before a more forceful one follows.
const stopTimeout = 20 * time.Second

// process is a postmaster.
type process struct {
	*os.Process
	ended  <-chan struct{} // closed when it has ended
	result error           // of Wait, once ended is closed; nil after a regular end
}

// spawn starts a child and waits for it on a thread that does nothing else. On Linux the kernel signals the
// child when the thread that forked it ends, and the Go runtime ends threads at will.
func spawn(cmd *exec.Cmd) (*process, error) {
	started, ended := make(chan error), make(chan struct{})
	p := &process{ended: ended}
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.result = cmd.Wait()
			close(ended)
		}
	}()
	err := <-started
	p.Process = cmd.Process
	return p, err
}

// end ends the postmaster and waits for it. It first asks for a fast shutdown, so that the next start has
// nothing to recover.
func (p *process) end(ctx context.Context) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = p.Signal(signal) // fails if it has ended, which the channel shows
		select {
		case <-p.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(stopTimeout):
		}
	}
	return fmt.Errorf("the Postgres process %d does not end", p.Pid)
}
