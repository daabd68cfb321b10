package embedded

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// The kernel takes the end of the thread that forked for the death of the parent.
func TestPostgresOutlivesTheThreadOfStart(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	var p *Postgres
	var err error
	thread := make(chan int)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		p, err = Start(t.Context(), dir, quick)
		thread <- syscall.Gettid()
	}()
	tid := <-thread
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	await(t, "the thread ends", func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid))
		return err != nil
	})
	// A signal would be handled before this connection.
	expectAnswer(t, p.URL, "SELECT 1", "1")
	if strings.Contains(readLog(t, dir), "shutdown request") {
		t.Error("Postgres got the signal")
	}
}
