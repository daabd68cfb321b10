package db

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAttachEmbedded(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := startServer(t, dir, nil)
	attached, err := AttachEmbedded(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	writeNote(t, attached.URL)
	expectNote(t, s.url)
	stopEmbedded(t, attached)
	expectNote(t, s.url)
	if !processLives(s.postgres) {
		t.Error("Postgres ended with the one that was attached to it")
	}
}

// A start takes a moment, in which there is no Postgres to attach to yet.
func TestAttachEmbeddedWhileItStarts(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s, _ := forkServer(t, dir, nil)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "lock")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not start")
		}
	}
	attached, err := AttachEmbedded(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	expectAnswer(t, attached.URL, "SELECT current_database()", "planoauth")
	s.stdin.Close()
}

// Whoever answers in the place of the Postgres that is meant is not taken for it.
func TestAttachEmbeddedFails(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	other := startEmbedded(t, stateDir(t), quick)
	stopEmbedded(t, e)
	stale, err := os.ReadFile(filepath.Join(other.cluster(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	for recorded, want := range map[string]string{"": "no such file", "1\n": "not known yet", string(stale): "password authentication failed"} {
		if recorded != "" {
			if err := os.WriteFile(filepath.Join(e.cluster(), "postmaster.pid"), []byte(recorded), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			os.Remove(filepath.Join(e.cluster(), "postmaster.pid"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := AttachEmbedded(ctx, dir)
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), e.password) {
			t.Errorf("the error is %v", err)
		}
	}
	if _, err := AttachEmbedded(t.Context(), filepath.Join(dir, "nowhere")); err == nil {
		t.Error("it attaches to nothing")
	}
}
