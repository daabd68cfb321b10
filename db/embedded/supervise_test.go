package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// supervise starts a Postgres and counts how often it has ended.
func supervise(t *testing.T, dir string) (p *Postgres, ended chan error, result chan error) {
	t.Helper()
	p = startPostgres(t, dir)
	ended, result = make(chan error, 100), make(chan error, 1)
	go func() { result <- p.Supervise(func(cause error) { ended <- cause }) }()
	return p, ended, result
}

func TestSupervise(t *testing.T) {
	t.Parallel()
	p, ended, result := supervise(t, preparedDir(t))
	writeNote(t, p.URL)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		former := p.current()
		sendSignal(t, former.Pid, signal)
		<-ended
		await(t, "another Postgres runs", func() bool { return p.current() != former })
		expectNote(t, p.URL)
	}
	stopPostgres(t, p)
	if err := <-result; err != nil || len(ended) != 0 {
		t.Errorf("after Stop Supervise returns %v, and Postgres was started %d times more", err, len(ended))
	}
}

// TestSuperviseGivesUp: a Postgres that cannot be started, or dies again and again, is not started for ever.
func TestSuperviseGivesUp(t *testing.T) {
	t.Parallel()
	t.Run("its data is gone", func(t *testing.T) {
		t.Parallel()
		dir := preparedDir(t)
		p, _, result := supervise(t, dir)
		if err := os.Rename(filepath.Join(dir, "cluster/global"), filepath.Join(dir, "elsewhere")); err != nil {
			t.Fatal(err)
		}
		sendSignal(t, p.current().Pid, syscall.SIGKILL)
		if err := <-result; err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("Supervise returns %v", err)
		}
	})
	t.Run("it dies again and again", func(t *testing.T) {
		t.Parallel()
		p, ended, result := supervise(t, preparedDir(t))
		for range briefLives {
			former := p.current()
			sendSignal(t, former.Pid, syscall.SIGKILL)
			<-ended
			await(t, "another Postgres runs", func() bool { return p.current() != former })
		}
		if err := <-result; err == nil || !strings.Contains(err.Error(), "again and again") {
			t.Errorf("Supervise returns %v", err)
		}
	})
}
