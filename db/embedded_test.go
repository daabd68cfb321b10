package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestEmbeddedKeepsItsData(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir)
	for statement, want := range map[string]string{
		"SELECT current_database() || ' ' || current_user": "planoauth planoauth",
		"SHOW server_encoding":                             "UTF8",
		"SHOW fsync":                                       "on",
		"SHOW listen_addresses":                            "127.0.0.1",
		"SHOW unix_socket_directories":                     "",
		"SELECT datcollate FROM pg_database WHERE oid = 5": "C",
		"SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = current_user": "SCRAM-SHA-256",
	} {
		expectAnswer(t, e.URL, statement, want)
	}
	writeNote(t, e.URL)
	stopEmbedded(t, e)
	stopEmbedded(t, e)
	if conn, err := pgx.Connect(t.Context(), e.URL); err == nil {
		conn.Close(context.Background())
		t.Error("Postgres still answers after Stop")
	}
	if processLives(e.process.Pid) {
		t.Error("Postgres still lives after Stop")
	}

	began := time.Now()
	again := startEmbedded(t, dir, "work_mem=5MB")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the second start took %v", took)
	}
	expectNote(t, again.URL)
	expectAnswer(t, again.URL, "SHOW work_mem", "5MB")
}

// The child has its own process group, so that Ctrl-C does not reach it, and none of the server's secrets.
func TestEmbeddedChild(t *testing.T) {
	t.Parallel()
	e := startEmbedded(t, stateDir(t), quick)
	group, err := syscall.Getpgid(e.process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if group != e.process.Pid {
		t.Errorf("Postgres is in the process group %d, its id is %d", group, e.process.Pid)
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", e.process.Pid))
	if err != nil {
		t.Skip("the environment of a process cannot be read here")
	}
	for _, variable := range strings.FieldsFunc(string(environment), func(r rune) bool { return r == 0 }) {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.Contains(" LC_ALL TZ PATH LD_LIBRARY_PATH PG_GRANDPARENT_PID PGLOCALEDIR PGSYSCONFDIR ", " "+name+" ") {
			t.Errorf("Postgres gets the variable %s", name)
		}
	}
}

// The kernel takes the end of the thread that forked for the death of the parent.
func TestEmbeddedOutlivesItsCallersThread(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	var e *Embedded
	var err error
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		e, err = StartEmbedded(t.Context(), dir, quick)
		close(done)
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	select {
	case <-e.ended:
		t.Error("Postgres ended with the thread")
	case <-time.After(500 * time.Millisecond):
		expectAnswer(t, e.URL, "SELECT 1", "1")
	}
}

func TestEmbeddedRefusesASecondServer(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := startServer(t, dir, nil)
	began := askPostgres(t, s.url, "SELECT pg_postmaster_start_time()")
	for range 3 {
		second, err := StartEmbedded(t.Context(), dir, quick)
		if err == nil {
			second.Stop()
			t.Fatal("a second server starts on the same directory")
		}
		if !errors.Is(err, ErrEmbeddedRunning) || !strings.Contains(err.Error(), dir) {
			t.Errorf("the second server gets the error %q", err)
		}
	}
	expectAnswer(t, s.url, "SELECT pg_postmaster_start_time()", began)

	s.stdin.Close()
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("the first server ends with %v", err)
	}
	e := startEmbedded(t, dir, quick)
	if _, err := StartEmbedded(t.Context(), dir, quick); !errors.Is(err, ErrEmbeddedRunning) {
		t.Errorf("a second start in the same process gets the error %v", err)
	}
	expectAnswer(t, e.URL, "SELECT 1", "1")
}

func TestEmbeddedTakesAnotherPort(t *testing.T) {
	t.Parallel()
	e := startEmbedded(t, stateDir(t), quick)
	stopEmbedded(t, e)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ports := 0
	again, err := claim(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	again.binaries, again.password = e.binaries, e.password
	err = again.launch(t.Context(), func() (int, error) {
		if ports++; ports == 1 {
			return taken.Addr().(*net.TCPAddr).Port, nil
		}
		return freePort()
	}, []string{quick})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Stop()
	if ports != 2 {
		t.Errorf("%d ports were tried, want 2", ports)
	}
	expectAnswer(t, again.URL, "SELECT 1", "1")
}

func TestEmbeddedTellsWhyPostgresEnded(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	stopEmbedded(t, startEmbedded(t, dir, quick))
	began := time.Now()
	_, err := StartEmbedded(t.Context(), dir, quick, "work_mem=plenty")
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "work_mem"`) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	startEmbedded(t, dir, quick)
}

func TestEmbeddedStartIsCancelled(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	for _, after := range []time.Duration{0, 200 * time.Millisecond, 800 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		e, err := StartEmbedded(ctx, dir, quick)
		cancel()
		if err == nil {
			e.Stop()
			t.Logf("started within %v", after)
		}
		if pid, err := os.ReadFile(filepath.Join(dir, "cluster", "postmaster.pid")); err == nil {
			t.Errorf("after %v Postgres is left running: %s", after, pid)
		}
	}
	// A Postgres that never becomes ready, since it asks for a password nobody has.
	e := startEmbedded(t, dir, quick)
	askPostgres(t, e.URL, "ALTER ROLE planoauth PASSWORD 'other'")
	stopEmbedded(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := StartEmbedded(ctx, dir, quick)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "cluster", "postmaster.pid")); err == nil {
		t.Error("Postgres is left running")
	}
}

func TestEmbeddedStopBySeveral(t *testing.T) {
	t.Parallel()
	e := startEmbedded(t, stateDir(t), quick)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := e.Stop(); err != nil {
				t.Error(err)
			}
			if processLives(e.process.Pid) {
				t.Error("Stop returned before Postgres ended")
			}
		})
	}
	group.Wait()
}
