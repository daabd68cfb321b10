package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestPasswordAndFileModes(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	for name, want := range map[string]os.FileMode{"": 0o700, clusterDir: 0o700, passwordFile: 0o600, logFile: 0o600, lockFile: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
	wrong, err := url.Parse(p.URL)
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

func TestStartAfterInterruptedInitdb(t *testing.T) {
	t.Parallel()
	dir := emptyDir(t)
	s, _ := forkServer(t, dir, nil)
	await(t, "initdb begins", func() bool {
		begun, _ := filepath.Glob(filepath.Join(dir, unfinished+"*", "PG_VERSION"))
		return len(begun) > 0
	})
	s.kill(t)
	if _, err := os.Stat(filepath.Join(dir, clusterDir)); err == nil {
		t.Fatal("initdb had ended before the server was killed")
	}
	// After a power failure initdb cannot clean up.
	left := filepath.Join(dir, unfinished+"left", "base")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	p := startPostgres(t, dir, quick)
	writeNote(t, p.URL)
	stopPostgres(t, p)
	expectNote(t, startPostgres(t, dir, quick).URL)
	if left, _ := filepath.Glob(filepath.Join(dir, unfinished+"*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestLongLogIsRenamed(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	if err := os.WriteFile(filepath.Join(dir, logFile), make([]byte, maxLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	startPostgres(t, dir, quick)
	for name, want := range map[string]bool{"log.1": true, "log": false} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if long := info.Size() > maxLog; long != want {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
}

func TestLockIsExclusive(t *testing.T) {
	t.Parallel()
	base, err := newBase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	path := filepath.Join(base, "deep", "state")
	first, err := lockDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDirectory(path); !errors.Is(err, ErrRunning) {
		t.Errorf("a second lock gets the error %v", err)
	}
	first.release()
	second, err := lockDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
}

func TestStartAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("needs root, and /proc")
	}
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	info, err := os.Stat(fmt.Sprintf("/proc/%d", p.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 || uid != p.directory.account.Uid {
		t.Errorf("Postgres runs as user %d, want %d", uid, p.directory.account.Uid)
	}

	private := filepath.Join(filepath.Dir(dir), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), filepath.Join(private, "state"), quick); err == nil || !strings.Contains(err.Error(), "able to enter the directory") {
		t.Errorf("in a directory that only root can enter, the error is %v", err)
	}

	used := filepath.Join(filepath.Dir(dir), "used")
	if err := os.MkdirAll(filepath.Join(used, "something"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), used, quick); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("in a directory with other files, the error is %v", err)
	}
	if info, err := os.Stat(used); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 || info.Mode().Perm() != 0o755 {
		t.Errorf("a directory with other files was changed: %v, %v", info.Mode(), err)
	}
}

// An ordinary user's Postgres can be started by root too, and then again by that user.
func TestStartAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root; but then all other tests run as an ordinary user")
	}
	dir := emptyDir(t)
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
	p := startPostgres(t, dir, quick)
	expectNote(t, p.URL)
	stopPostgres(t, p)
	expectNote(t, startServer(t, dir, ordinary).url)
}

func TestDefaultDir(t *testing.T) {
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
