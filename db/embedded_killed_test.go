package db

import (
	"bytes"
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
	"time"

	"github.com/jackc/pgx/v5"
)

func TestEmbeddedAfterPostgresIsKilled(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir)
	writeNote(t, e.URL)
	sendSignal(t, e.process.Pid, syscall.SIGKILL)
	if err := e.Stop(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Stop returns %v after Postgres was killed", err)
	}
	expectNote(t, startEmbedded(t, dir).URL)
}

// Postgres refuses to start as long as a process of a killed postmaster still has its memory.
func TestEmbeddedAfterPostgresIsKilledAndABackendLingers(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	client, err := pgx.Connect(t.Context(), e.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	backend := int(client.PgConn().PID())
	sendSignal(t, backend, syscall.SIGSTOP)
	resume := sync.OnceFunc(func() { syscall.Kill(backend, syscall.SIGCONT) })
	t.Cleanup(resume)
	sendSignal(t, e.process.Pid, syscall.SIGKILL)
	e.Stop()

	time.AfterFunc(time.Second, resume)
	startEmbedded(t, dir, quick)
	if log, _ := os.ReadFile(filepath.Join(dir, "log")); !bytes.Contains(log, []byte("pre-existing shared memory block")) {
		t.Error("the backend was in nobody's way")
	}
}

func TestEmbeddedAfterTheServerIsKilled(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := startServer(t, dir, nil)
	writeNote(t, s.url)
	s.kill(t)
	// At once: Postgres is still ending.
	expectNote(t, startEmbedded(t, dir, quick).URL)
	if processLives(s.postgres) {
		t.Error("the former Postgres still lives")
	}
}

func TestEmbeddedDiesWithTheServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	dir := stateDir(t)
	s := startServer(t, dir, nil)
	s.kill(t)
	expectGone(t, s.postgres)
	if log, _ := os.ReadFile(filepath.Join(dir, "log")); !bytes.Contains(log, []byte("database system is shut down")) {
		t.Errorf("Postgres did not shut down properly:\n%s", log)
	}
}

func TestEmbeddedAfterBothAreKilled(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := startServer(t, dir, nil)
	writeNote(t, s.url)
	sendSignal(t, s.postgres, syscall.SIGSTOP) // so that it cannot shut down when its parent dies
	s.kill(t)
	sendSignal(t, s.postgres, syscall.SIGKILL)
	expectNote(t, startEmbedded(t, dir, quick).URL)
}

// A Postgres that does not know of its parent's death, with a client that never leaves, and that nobody reaps afterwards.
func TestEmbeddedStopsAnOrphan(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	writeNote(t, e.URL)
	stopEmbedded(t, e)

	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	orphan := e.command(context.Background(), "postgres", "-D", e.cluster(), "-c", "unix_socket_directories=",
		"-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", port))
	orphan.SysProcAttr = &syscall.SysProcAttr{Credential: e.account, Setpgid: true}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		orphan.Process.Kill()
		orphan.Wait()
	})
	at, _ := url.Parse(e.URL)
	at.Host = fmt.Sprintf("127.0.0.1:%d", port)
	e.URL, e.ended = at.String(), make(chan struct{})
	if err := e.awaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := pgx.Connect(t.Context(), e.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())

	began := time.Now()
	expectNote(t, startEmbedded(t, dir, quick).URL)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the start took %v, as if it had waited for the orphan to end by itself", took)
	}
	if processLives(orphan.Process.Pid) {
		t.Error("the orphan still lives")
	}
}

// After a reboot the id in postmaster.pid may be that of any process. They run as Postgres' user, since Postgres itself
// takes only such a process for a postmaster.
func TestEmbeddedSparesOtherProcesses(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	stopEmbedded(t, e)
	for what, pid := range map[string]int{
		"some process":                        startSleep(t, "/", e.account),
		"a process that works in the cluster": startSleep(t, e.cluster(), e.account),
		"another cluster's Postgres":          startEmbedded(t, stateDir(t), quick).process.Pid,
	} {
		stale := fmt.Sprintf("%d\n%s\n", pid, e.cluster())
		if err := os.WriteFile(filepath.Join(e.cluster(), "postmaster.pid"), []byte(stale), 0o600); err != nil {
			t.Fatal(err)
		}
		stopEmbedded(t, startEmbedded(t, dir, quick))
		if !processLives(pid) {
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
