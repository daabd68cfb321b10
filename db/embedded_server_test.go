package db

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	serverDirVariable = "PLANOAUTH_TEST_SERVER_DIR"
	quick             = "fsync=off"
)

// A copy of this test program that finds a directory in its environment is a server with an embedded Postgres, one that
// the tests can kill. It must not come as far as a TestMain.
func init() {
	dir := os.Getenv(serverDirVariable)
	if dir == "" {
		return
	}
	e, err := StartEmbedded(context.Background(), dir, quick)
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	fmt.Println(e.URL, e.process.Pid)
	io.Copy(io.Discard, os.Stdin) // until the test that started it ends, at the latest
	if err := e.Stop(); err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serverProcess is such a copy.
type serverProcess struct {
	cmd      *exec.Cmd
	stdin    io.Closer
	url      string
	postgres int // its process id
}

func (s *serverProcess) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait()
}

// forkServer runs a server on dir, as account unless that is nil. It may not be ready yet.
func forkServer(t *testing.T, dir string, account *syscall.Credential) (*serverProcess, io.Reader) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if account != nil {
		program = copyProgram(t, program)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), serverDirVariable+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &serverProcess{cmd: cmd, stdin: stdin}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	return s, stdout
}

// copyProgram puts the test program where every user can run it: go test builds it in a private directory.
func copyProgram(t *testing.T, program string) string {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	public := filepath.Join(filepath.Dir(stateDir(t)), "server")
	if err := os.WriteFile(public, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return public
}

func startServer(t *testing.T, dir string, account *syscall.Credential) *serverProcess {
	t.Helper()
	s, stdout := forkServer(t, dir, account)
	if _, err := fmt.Fscan(stdout, &s.url, &s.postgres); err != nil {
		rest, _ := io.ReadAll(stdout)
		t.Fatalf("the server did not start: %s %s", s.url, rest)
	}
	return s
}

// stateDir is a place for a Postgres, below a directory that other users may enter. It skips the test on a machine
// without Postgres.
func stateDir(t *testing.T) string {
	t.Helper()
	probe := &Embedded{dir: "/"}
	if !probe.findInstalled(t.Context(), machineSources().installed, 0) {
		t.Skip("no Postgres binaries on this machine")
	}
	base := t.TempDir()
	for _, dir := range []string{base, filepath.Dir(base)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(base, "state")
}

func startEmbedded(t *testing.T, dir string, options ...string) *Embedded {
	t.Helper()
	began := time.Now()
	e, err := StartEmbedded(t.Context(), dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { e.Stop() })
	return e
}

func stopEmbedded(t *testing.T, e *Embedded) {
	t.Helper()
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
}

// askPostgres returns the one value that a statement gives, as text; a statement without rows gives "".
func askPostgres(t *testing.T, url, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	results, err := conn.PgConn().Exec(t.Context(), statement).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	last := results[len(results)-1].Rows
	if len(last) == 0 {
		return ""
	}
	return string(last[0][0])
}

func expectAnswer(t *testing.T, url, statement, want string) {
	t.Helper()
	if got := askPostgres(t, url, statement); got != want {
		t.Errorf("%s gives %q, want %q", statement, got, want)
	}
}

// writeNote leaves data that a later start must still have.
func writeNote(t *testing.T, url string) {
	t.Helper()
	askPostgres(t, url, "CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
}

func expectNote(t *testing.T, url string) {
	t.Helper()
	expectAnswer(t, url, "SELECT text FROM note", "kept")
}

// processLives tells whether a process runs; a zombie does not.
func processLives(pid int) bool {
	output, _ := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	state := strings.TrimSpace(string(output))
	return state != "" && !strings.HasPrefix(state, "Z")
}

func expectGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); processLives(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still lives", pid)
		}
	}
}

func sendSignal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}
