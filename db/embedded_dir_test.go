package db

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestEmbeddedPassword(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	for name, want := range map[string]os.FileMode{"": 0o700, "cluster": 0o700, "password": 0o600, "log": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
	wrong, err := url.Parse(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := wrong.User.Password(); len(password) < 20 {
		t.Errorf("password %q is too short", password)
	}
	wrong.User = url.UserPassword("planoauth", "guess")
	if conn, err := pgx.Connect(t.Context(), wrong.String()); err == nil {
		conn.Close(context.Background())
		t.Error("a wrong password is accepted")
	}
}

func TestEmbeddedAfterInterruptedInitdb(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s, _ := forkServer(t, dir, nil)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		begun, _ := filepath.Glob(filepath.Join(dir, "unfinished-*", "PG_VERSION"))
		if len(begun) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("initdb never began")
		}
	}
	s.kill(t)
	if _, err := os.Stat(filepath.Join(dir, "cluster")); err == nil {
		t.Fatal("initdb had ended before the server was killed")
	}
	// After a power failure initdb cannot clear up.
	left := filepath.Join(dir, "unfinished-left", "base")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	e := startEmbedded(t, dir, quick)
	writeNote(t, e.URL)
	stopEmbedded(t, e)
	expectNote(t, startEmbedded(t, dir, quick).URL)
	if unfinished, _ := filepath.Glob(filepath.Join(dir, "unfinished-*")); len(unfinished) > 0 {
		t.Errorf("%v is left", unfinished)
	}
}

func TestEmbeddedPutsALongLogAside(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	stopEmbedded(t, startEmbedded(t, dir, quick))
	if err := os.Truncate(filepath.Join(dir, "log"), embeddedLogLimit+1); err != nil {
		t.Fatal(err)
	}
	startEmbedded(t, dir, quick)
	for name, want := range map[string]bool{"log.1": true, "log": false} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if long := info.Size() > embeddedLogLimit; long != want {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
}

func TestEmbeddedAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("needs root, and /proc")
	}
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	info, err := os.Stat(fmt.Sprintf("/proc/%d", e.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if runs := info.Sys().(*syscall.Stat_t).Uid; runs == 0 || runs != e.account.Uid {
		t.Errorf("Postgres runs as user %d, want %d", runs, e.account.Uid)
	}

	private := filepath.Join(filepath.Dir(dir), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := StartEmbedded(t.Context(), filepath.Join(private, "state"), quick); err == nil || !strings.Contains(err.Error(), "able to enter the directory") {
		t.Errorf("in a directory of root's own, the error is %v", err)
	}

	used := filepath.Join(filepath.Dir(dir), "used")
	if err := os.MkdirAll(filepath.Join(used, "something"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := StartEmbedded(t.Context(), used, quick); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("in a directory with other files, the error is %v", err)
	}
	if info, err := os.Stat(used); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 || info.Mode().Perm() != 0o755 {
		t.Errorf("a directory with other files was changed: %v, %v", info.Mode(), err)
	}
}

// An ordinary user's Postgres, which root may start as well: it stays that user's.
func TestEmbeddedAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root; but all other tests run as an ordinary user")
	}
	dir := stateDir(t)
	ordinary := &syscall.Credential{Uid: 65534, Gid: 65534}
	if err := os.Chown(filepath.Dir(dir), int(ordinary.Uid), int(ordinary.Gid)); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, dir, ordinary)
	writeNote(t, s.url)
	s.kill(t)
	s = startServer(t, dir, ordinary)
	expectNote(t, s.url)
	s.stdin.Close()
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("the server ends with %v", err)
	}
	e := startEmbedded(t, dir, quick)
	expectNote(t, e.URL)
	stopEmbedded(t, e)
	expectNote(t, startServer(t, dir, ordinary).url)
}

func TestEmbeddedDefaultDir(t *testing.T) {
	for _, c := range []struct{ state, want string }{
		{"/states", "/states/planoauth"},
		{"", "/home/ada/.local/state/planoauth"},
		{"relative", "/home/ada/.local/state/planoauth"},
	} {
		t.Setenv("HOME", "/home/ada")
		t.Setenv("XDG_STATE_HOME", c.state)
		if os.Geteuid() == 0 {
			c.want = "/var/lib/planoauth"
		}
		if got, err := DefaultDir(); err != nil || got != c.want {
			t.Errorf("with XDG_STATE_HOME=%q: %q, %v; want %q", c.state, got, err, c.want)
		}
	}
}
