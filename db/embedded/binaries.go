package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// installedBinaries returns patterns of directories where packages put Postgres, in order of preference. Of
// the directories that match one pattern, the newest version is used.
func installedBinaries() []string {
	patterns := []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/pgsql-*/bin",
	}
	if found, err := exec.LookPath("initdb"); err == nil {
		if program, err := filepath.EvalSymlinks(found); err == nil {
			patterns = slices.Insert(patterns, 0, filepath.Dir(program))
		}
	}
	return patterns
}

// errNotInstalled is shown to people who run PlanoAuth for the first time, so its commands work as pasted.
var errNotInstalled = errors.New(`no PostgreSQL is installed on this machine.

Either install it and start again:

  apt-get install postgresql      # Debian, Ubuntu
  brew install postgresql@17      # macOS

or use another database, for example in a container, which loses its data when it is stopped:

  docker run --rm -d -p 127.0.0.1:5432:5432 -e POSTGRES_PASSWORD=planoauth postgres:17
  export DATABASE_URL=postgres://postgres:planoauth@127.0.0.1:5432/postgres
  planoauth migrate && planoauth deploy

With DATABASE_URL, planoauth serve also needs a way to send mail: set MAIL_FROM, and MANDRILL_API_KEY or SMTP_URL`)

// binaries are the programs of one installed version of Postgres.
type binaries struct {
	dir     string
	workDir string              // where they run
	account *syscall.Credential // that runs them; nil for this process's own user
}

// findBinaries finds binaries that the account can run: of the version that created the cluster if there is
// one, since no other version can read it.
func findBinaries(ctx context.Context, d *directory, patterns []string) (binaries, error) {
	major, err := clusterVersion(d)
	if err != nil {
		return binaries{}, err
	}
	for _, pattern := range patterns {
		if b, found := newest(ctx, d, pattern, major); found {
			return b, nil
		}
	}
	switch {
	case ctx.Err() != nil: // then no program runs
		return binaries{}, ctx.Err()
	case major != 0:
		return binaries{}, fmt.Errorf("the data was created by PostgreSQL %[1]d, which is not installed: install it "+
			"(apt-get install postgresql-%[1]d, brew install postgresql@%[1]d) or set DATABASE_URL", major)
	}
	return binaries{}, errNotInstalled
}

// clusterVersion returns the major version that created the cluster, 0 if there is no cluster yet.
func clusterVersion(d *directory) (int, error) {
	version, err := d.root.ReadFile("cluster/PG_VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(version)))
}

// newest finds the newest binaries in the directories that match a pattern: of this major version, or of any
// if that is 0.
func newest(ctx context.Context, d *directory, pattern string, major int) (_ binaries, found bool) {
	matches, _ := filepath.Glob(pattern)
	var best binaries
	bestVersion := 0
	for _, match := range matches {
		b := binaries{match, d.path, d.account}
		if version := b.version(ctx); version > bestVersion && (major == 0 || version == major) {
			best, bestVersion = b, version
		}
	}
	return best, bestVersion != 0
}

// version returns the major version, 0 if the binaries do not run or are only those of a client.
func (b binaries) version(ctx context.Context) int {
	version := 0
	for _, program := range []string{"initdb", "postgres"} {
		cmd := b.command(ctx, program, "--version")
		cmd.Dir = "/" // whether the account can enter workDir is reported later
		output, err := cmd.Output()
		if err != nil {
			return 0
		}
		fmt.Sscanf(string(output), program+" (PostgreSQL) %d", &version)
	}
	return version
}

// command prepares a program of Postgres. It gets no environment variable of this process, since those hold
// secrets, except the ones that find libraries and files.
func (b binaries) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(b.dir, program), arguments...)
	cmd.Dir = b.workDir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH")}
	cmd.SysProcAttr = childAttributes(b.account)
	return cmd
}
