package db

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mavenRepository serves this machine's Postgres the way Maven Central serves that of zonky.io.
func mavenRepository(t *testing.T) (url string, requests *[]string) {
	t.Helper()
	jar := postgresJar(t)
	requests = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests = append(*requests, r.URL.Path)
		switch filepath.Ext(r.URL.Path) {
		case ".jar":
			w.Write(jar)
		case ".sha256":
			fmt.Fprintf(w, "%x", sha256.Sum256(jar))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// postgresJar packs what initdb and postgres need. Relative to each other the files stay where they are, since Postgres
// finds its files that way; the library expects the programs in bin.
func postgresJar(t *testing.T) []byte {
	t.Helper()
	probe := &Embedded{dir: "/"}
	probe.findInstalled(t.Context(), machineSources().installed, 0)
	locations, err := exec.Command(filepath.Join(probe.binaries, "pg_config"), "--bindir", "--pkglibdir", "--sharedir").Output()
	if err != nil {
		t.Skipf("pg_config is needed for packing Postgres: %v", err)
	}
	bin, rest, _ := strings.Cut(strings.TrimSpace(string(locations)), "\n")
	lib, share, _ := strings.Cut(rest, "\n")
	root := bin
	for !strings.HasPrefix(lib, root+"/") || !strings.HasPrefix(share, root+"/") {
		root = filepath.Dir(root)
	}
	links := t.TempDir()
	relative, err := filepath.Rel(root, bin)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(relative, filepath.Join(links, "bin")); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-cJf", filepath.Join(links, "postgres.txz"), "-C", root}
	for _, path := range []string{bin + "/initdb", bin + "/postgres", bin + "/pg_ctl", lib + "/plpgsql.so", lib + "/dict_snowball.so", share} {
		arguments = append(arguments, strings.TrimPrefix(path, root+"/"))
	}
	if relative != "bin" {
		arguments = append(arguments, "-C", links, "bin")
	}
	tar := exec.Command("tar", arguments...)
	tar.Env = append(os.Environ(), "XZ_OPT=-0")
	if output, err := tar.CombinedOutput(); err != nil {
		t.Skipf("tar and xz are needed for packing Postgres: %v\n%s", err, output)
	}
	packed, err := os.ReadFile(filepath.Join(links, "postgres.txz"))
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	entry, err := archive.Create("postgres-linux-x86_64.txz")
	if err != nil {
		t.Fatal(err)
	}
	entry.Write(packed)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

func TestEmbeddedFetchesPostgres(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	repository, requests := mavenRepository(t)
	for range 2 {
		e, err := sources{repository: repository}.start(t.Context(), dir, []string{quick})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Stop()
		expectAnswer(t, e.URL, "SELECT 1", "1")
		// Its files too are the fetched ones.
		expectAnswer(t, e.URL, fmt.Sprintf("SELECT count(*) > 0 AND every(setting LIKE '%s/fetched-%%') FROM pg_config WHERE name IN ('BINDIR', 'SHAREDIR', 'PKGLIBDIR')", dir), "t")
		stopEmbedded(t, e)
	}
	if len(*requests) != 2 || !strings.HasPrefix((*requests)[0], "/io/zonky/test/postgres/embedded-postgres-binaries-") {
		t.Errorf("two starts fetched %v", *requests)
	}
	if unfinished, _ := filepath.Glob(filepath.Join(dir, "unfinished-*")); len(unfinished) > 0 {
		t.Errorf("%v is left", unfinished)
	}
}

func TestEmbeddedCannotFetchPostgres(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	for name, handler := range map[string]http.HandlerFunc{
		"missing": http.NotFound,
		"broken":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("not a jar")) },
		"endless": func(http.ResponseWriter, *http.Request) { <-release },
	} {
		t.Run(name, func(t *testing.T) {
			dir := stateDir(t)
			server := httptest.NewServer(handler)
			defer server.Close()
			if name == "endless" {
				defer close(release)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := sources{repository: server.URL}.start(ctx, dir, []string{quick})
			if err == nil || !strings.Contains(err.Error(), "install PostgreSQL 16 or set DATABASE_URL") {
				t.Errorf("the error is %v", err)
			}
			startEmbedded(t, dir, quick)
		})
	}
}

// No other version can read a cluster, whatever else is installed.
func TestEmbeddedWantsTheClustersVersion(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	e := startEmbedded(t, dir, quick)
	stopEmbedded(t, e)
	if err := os.WriteFile(filepath.Join(e.cluster(), "PG_VERSION"), []byte("11\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := StartEmbedded(t.Context(), dir, quick); err == nil || !strings.Contains(err.Error(), "PostgreSQL 11") {
		t.Errorf("the error is %v", err)
	}
}
