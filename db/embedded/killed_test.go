package embedded

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestStartAfterPostgresIsKilled(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir)
	writeNote(t, p.URL)
	sendSignal(t, p.process.Pid, syscall.SIGKILL)
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Stop returns %v after Postgres was killed", err)
	}
	expectNote(t, startPostgres(t, dir).URL)
}

// Postgres refuses to start as long as a process of a killed postmaster still has its shared memory.
func TestStartWhileABackendLingers(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	client, err := pgx.Connect(t.Context(), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	backend := int(client.PgConn().PID())
	sendSignal(t, backend, syscall.SIGSTOP)
	resume := sync.OnceFunc(func() { syscall.Kill(backend, syscall.SIGCONT) })
	t.Cleanup(resume)
	sendSignal(t, p.process.Pid, syscall.SIGKILL)
	p.Stop()

	go func() {
		await(t, "Postgres refuses to start", func() bool {
			log, _ := os.ReadFile(filepath.Join(dir, logFile))
			return strings.Contains(string(log), "pre-existing shared memory block")
		})
		resume()
	}()
	startPostgres(t, dir, quick)
	if !strings.Contains(readLog(t, dir), "pre-existing shared memory block") {
		t.Error("the backend did not keep Postgres from starting")
	}
}

func TestStartAfterTheServerIsKilled(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	s := startServer(t, dir, nil)
	writeNote(t, s.url)
	s.kill(t)
	// At once: Postgres is still shutting down.
	expectNote(t, startPostgres(t, dir, quick).URL)
	if isRunning(s.postgres) {
		t.Error("the former Postgres still runs")
	}
}

func TestPostgresEndsWithTheServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux signals a child when its parent dies")
	}
	dir := preparedDir(t)
	s := startServer(t, dir, nil)
	s.kill(t)
	await(t, "Postgres ends", func() bool { return !isRunning(s.postgres) })
	if log := readLog(t, dir); !strings.HasSuffix(strings.TrimSpace(log), "database system is shut down") {
		t.Errorf("Postgres did not shut down regularly:\n%s", log)
	}
}

func TestStartAfterBothAreKilled(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	s := startServer(t, dir, nil)
	writeNote(t, s.url)
	sendSignal(t, s.postgres, syscall.SIGSTOP) // so that it cannot shut down when its parent dies
	s.kill(t)
	sendSignal(t, s.postgres, syscall.SIGKILL)
	expectNote(t, startPostgres(t, dir, quick).URL)
}

// The orphan gets no signal when its parent dies, has a client that never leaves, and no parent that waits
// for it.
func TestStartStopsAnOrphan(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	writeNote(t, p.URL)
	stopPostgres(t, p)

	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	account := p.directory.account
	b, err := findBinaries(t.Context(), &directory{path: dir, root: openRoot(t, dir), account: account}, installedBinaries())
	if err != nil {
		t.Fatal(err)
	}
	orphan := b.command(context.Background(), "postgres", "-D", p.directory.cluster(), "-c", "unix_socket_directories=",
		"-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", port))
	orphan.SysProcAttr = &syscall.SysProcAttr{Credential: account, Setpgid: true}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		orphan.Process.Kill()
		orphan.Wait()
	})
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	at.Host = fmt.Sprintf("127.0.0.1:%d", port)
	if err := awaitReady(t.Context(), at.String(), &process{ended: make(chan struct{})}); err != nil {
		t.Fatal(err)
	}
	client, err := pgx.Connect(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())

	expectNote(t, startPostgres(t, dir, quick).URL)
	if isRunning(orphan.Process.Pid) {
		t.Error("the orphan still runs")
	}
	if status, err := client.PgConn().Exec(t.Context(), "SELECT 1").ReadAll(); err == nil || !strings.Contains(err.Error(), "57P01") {
		t.Errorf("the orphan did not shut down fast: %v, %v", status, err)
	}
}

// After a reboot the process id in postmaster.pid can belong to any process. They run as Postgres' user,
// since Postgres takes only such a process for a postmaster.
func TestStartSparesOtherProcesses(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	stopPostgres(t, p)
	cluster, account := p.directory.cluster(), p.directory.account
	for what, pid := range map[string]int{
		"some process":                       startSleep(t, "/", account),
		"a process that runs in the cluster": startSleep(t, cluster, account),
		"another cluster's Postgres":         startPostgres(t, preparedDir(t), quick).process.Pid,
	} {
		stale := fmt.Sprintf("%d\n%s\n", pid, cluster)
		if err := os.WriteFile(filepath.Join(dir, postmasterFile), []byte(stale), 0o600); err != nil {
			t.Fatal(err)
		}
		stopPostgres(t, startPostgres(t, dir, quick))
		if !isRunning(pid) {
			t.Errorf("%s was ended", what)
		}
	}
}

func startSleep(t *testing.T, dir string, account *syscall.Credential) int {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}
