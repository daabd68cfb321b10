package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	base, err := newBase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	_, err = start(t.Context(), filepath.Join(base, "state"), []string{base + "/*/bin"}, nil)
	if !errors.Is(err, errNotInstalled) {
		t.Fatalf("the error is %v", err)
	}
	for _, step := range []string{"apt-get install postgresql", "brew install postgresql@17", "docker run --rm -d", "export DATABASE_URL="} {
		if !strings.Contains(err.Error(), step) {
			t.Errorf("the error does not say %q: %v", step, err)
		}
	}
}

// Packages of the client alone contain neither initdb nor postgres, and a package can be broken.
func TestUnusableBinaries(t *testing.T) {
	t.Parallel()
	base, err := newBase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	bin := filepath.Join(base, "17", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "initdb"), []byte("#!/bin/sh\necho 'initdb (PostgreSQL) 17.5'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = start(t.Context(), filepath.Join(base, "state"), []string{base + "/*/bin"}, nil)
	if !errors.Is(err, errNotInstalled) {
		t.Errorf("the error is %v", err)
	}
}

// No other version can read a cluster, whatever else is installed.
func TestClusterNeedsItsVersion(t *testing.T) {
	t.Parallel()
	dir := preparedDir(t)
	if err := os.WriteFile(filepath.Join(dir, "cluster/PG_VERSION"), []byte("11\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), dir, quick); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql-11") {
		t.Errorf("the error is %v", err)
	}
}
