package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestStartKeepsData(t *testing.T) {
	t.Parallel()
	dir := emptyDir(t)
	p := startPostgres(t, dir)
	for statement, want := range map[string]string{
		"SELECT current_database() || ' ' || current_user": "planoauth planoauth",
		"SHOW server_encoding":                             "UTF8",
		"SHOW fsync":                                       "on",
		"SHOW listen_addresses":                            "127.0.0.1",
		"SHOW unix_socket_directories":                     "",
		"SELECT datcollate FROM pg_database WHERE oid = 5": "C",
		"SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = current_user": "SCRAM-SHA-256",
	} {
		expectAnswer(t, p.URL, statement, want)
	}
	writeNote(t, p.URL)
	stopPostgres(t, p)
	stopPostgres(t, p)
	if conn, err := pgx.Connect(t.Context(), p.URL); err == nil {
		conn.Close(context.Background())
		t.Error("Postgres still answers after Stop")
	}
	if isRunning(p.process.Pid) {
		t.Error("Postgres still runs after Stop")
	}
	again := startPostgres(t, dir, "work_mem=5MB")
	expectNote(t, again.URL)
	expectAnswer(t, again.URL, "SHOW work_mem", "5MB")
}

// The child has its own process group, so that Ctrl-C does not reach it, and none of the server's secrets.
func TestChild(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, preparedDir(t), quick)
	group, err := syscall.Getpgid(p.process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if group != p.process.Pid {
		t.Errorf("Postgres is in the process group %d, its id is %d", group, p.process.Pid)
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.process.Pid))
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

func TestStartRefusesASecondServer(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	s := startServer(t, dir, nil)
	began := askPostgres(t, s.url, "SELECT pg_postmaster_start_time()")
	for range 3 {
		second, err := Start(t.Context(), dir, quick)
		if err == nil {
			second.Stop()
			t.Fatal("a second server starts on the same directory")
		}
		if !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), dir) {
			t.Errorf("the second server gets the error %q", err)
		}
	}
	expectAnswer(t, s.url, "SELECT pg_postmaster_start_time()", began)

	s.stdin.Close()
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("the first server ends with %v", err)
	}
	p := startPostgres(t, dir, quick)
	if _, err := Start(t.Context(), dir, quick); !errors.Is(err, ErrRunning) {
		t.Errorf("a second start in the same process gets the error %v", err)
	}
	expectAnswer(t, p.URL, "SELECT 1", "1")
}

func TestStartUsesAnotherPort(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	d, err := lockDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := findBinaries(t.Context(), d, installedBinaries())
	if err != nil {
		t.Fatal(err)
	}
	password, err := initialize(t.Context(), d, b, false)
	if err != nil {
		t.Fatal(err)
	}
	ports := 0
	l := launcher{directory: d, binaries: b, password: password, options: []string{quick}}
	p, err := l.launch(t.Context(), func() (int, error) {
		if ports++; ports == 1 {
			return used.Addr().(*net.TCPAddr).Port, nil
		}
		return freePort()
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if ports != 2 {
		t.Errorf("%d ports were tried, want 2", ports)
	}
	expectAnswer(t, p.URL, "SELECT 1", "1")
}

func TestStartTellsWhyPostgresEnded(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	_, err := Start(t.Context(), dir, quick, "work_mem=plenty")
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "work_mem"`) || !strings.Contains(err.Error(), "ended while starting") {
		t.Errorf("the error is %v", err)
	}
	startPostgres(t, dir, quick)
}

func TestStartIsCancelled(t *testing.T) {
	t.Parallel()
	dir := emptyDir(t)
	for _, after := range []time.Duration{0, 200 * time.Millisecond, 800 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		p, err := Start(ctx, dir, quick)
		cancel()
		if err == nil {
			p.Stop()
		}
		if pid, err := os.ReadFile(filepath.Join(dir, postmasterFile)); err == nil {
			t.Errorf("after %v Postgres is left running: %s", after, pid)
		}
	}
}

// A Postgres that has another password never becomes ready.
func TestStartTimesOut(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	askPostgres(t, p.URL, "ALTER ROLE planoauth PASSWORD 'other'")
	stopPostgres(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := Start(ctx, dir, quick)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, postmasterFile)); err == nil {
		t.Error("Postgres is left running")
	}
}

func TestConcurrentStops(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, preparedDir(t), quick)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
			if isRunning(p.process.Pid) {
				t.Error("Stop returned before Postgres ended")
			}
		})
	}
	group.Wait()
}
