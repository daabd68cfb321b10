package embedded

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAttach(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	s := startServer(t, dir, nil)
	attached, err := Attach(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	writeNote(t, attached.URL)
	expectNote(t, s.url)
	stopPostgres(t, attached)
	expectNote(t, s.url)
	if !isRunning(s.postgres) {
		t.Error("Stop of the attached one stopped Postgres")
	}
}

// At the begin of a start there is no Postgres to attach to yet.
func TestAttachWhileStarting(t *testing.T) {
	t.Parallel()
	dir := emptyDir(t)
	s, _ := forkServer(t, dir, nil)
	await(t, "the server locks the directory", func() bool {
		_, err := os.Stat(filepath.Join(dir, lockFile))
		return err == nil
	})
	attached, err := Attach(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	expectAnswer(t, attached.URL, "SELECT current_database()", "planoauth")
	s.stdin.Close()
}

func TestAttachToNothing(t *testing.T) {
	t.Parallel()
	if _, err := Attach(t.Context(), filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

// Another Postgres on the recorded port is not mistaken for the one of the directory.
func TestAttachFails(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	p := startPostgres(t, dir, quick)
	stopPostgres(t, p)
	if err := os.WriteFile(filepath.Join(dir, passwordFile), []byte("another-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	otherDir := preparedDir(t)
	startPostgres(t, otherDir, quick)
	stale, err := os.ReadFile(filepath.Join(otherDir, postmasterFile))
	if err != nil {
		t.Fatal(err)
	}
	root := openRoot(t, dir)
	for recorded, want := range map[string]string{"": "no such file", "1\n": "not known yet", string(stale): "password authentication failed"} {
		os.Remove(filepath.Join(dir, postmasterFile))
		if recorded != "" {
			if err := os.WriteFile(filepath.Join(dir, postmasterFile), []byte(recorded), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := findRunning(t.Context(), root.FS())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "another-password") {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Attach(ctx, dir); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("the error is %v", err)
	}
}
