package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	serverDirVariable = "PLANOAUTH_TEST_SERVER_DIR"
	quick             = "fsync=off"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverDirVariable); dir != "" {
		os.Exit(serve(dir))
	}
	code := m.Run()
	if dir, err := template(); err == nil {
		os.RemoveAll(filepath.Dir(dir))
	}
	os.Exit(code)
}

// serve is the main function of a server with an embedded Postgres that tests can kill: a copy of the test
// program.
func serve(dir string) int {
	p, err := Start(context.Background(), dir, quick)
	if err != nil {
		fmt.Println("failed", err)
		return 1
	}
	fmt.Println(p.URL, p.process.Pid)
	io.Copy(io.Discard, os.Stdin) // until the test that started it ends, at the latest
	if err := p.Stop(); err != nil {
		fmt.Println("failed", err)
		return 1
	}
	return 0
}

// serverProcess is a running copy of the test program.
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

// forkServer runs a server on dir, as account unless that is nil. It does not wait until the server is ready.
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
	base := t.TempDir()
	for _, dir := range []string{base, filepath.Dir(base)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	public := filepath.Join(base, "server")
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

// newBase makes a directory that other users can enter, in memory where possible.
func newBase() (string, error) {
	memory := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		memory = "/dev/shm"
	}
	base, err := os.MkdirTemp(memory, "planoauth-embedded-")
	if err != nil {
		return "", err
	}
	return base, os.Chmod(base, 0o755)
}

// emptyDir returns a data directory that does not exist yet. It skips the test on a machine without Postgres.
func emptyDir(t *testing.T) string {
	t.Helper()
	if _, err := findBinaries(t.Context(), &directory{path: "/", root: openRoot(t, t.TempDir())}, installedBinaries()); err != nil {
		t.Skip("no Postgres binaries on this machine")
	}
	base, err := newBase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	return filepath.Join(base, "state")
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// template is a data directory with a cluster that has been started once, since initdb takes longer than all
// else.
var template = sync.OnceValues(func() (string, error) {
	base, err := newBase()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "state")
	p, err := Start(context.Background(), dir, quick)
	if err != nil {
		return dir, err
	}
	return dir, errors.Join(p.Stop(), os.Remove(filepath.Join(dir, logFile)))
})

// preparedDir returns a data directory with a copy of the template.
func preparedDir(t *testing.T) string {
	t.Helper()
	dir := emptyDir(t)
	source, err := template()
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("cp", "-a", source, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return dir
}

func startPostgres(t *testing.T, dir string, options ...string) *Postgres {
	t.Helper()
	p, err := Start(t.Context(), dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

func stopPostgres(t *testing.T, p *Postgres) {
	t.Helper()
	if err := p.Stop(); err != nil {
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

// writeNote writes data that a later start must still have.
func writeNote(t *testing.T, url string) {
	t.Helper()
	askPostgres(t, url, "CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
}

func expectNote(t *testing.T, url string) {
	t.Helper()
	expectAnswer(t, url, "SELECT text FROM note", "kept")
}

// isRunning reports whether a process runs; a zombie does not.
func isRunning(pid int) bool {
	output, _ := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	state := strings.TrimSpace(string(output))
	return state != "" && !strings.HasPrefix(state, "Z")
}

// await waits for a condition, at most a time that only a failing test takes.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func readLog(t *testing.T, dir string) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

func sendSignal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}
