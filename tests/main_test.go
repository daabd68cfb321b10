// Package tests has the black-box tests: requests go through the generated Go client, over HTTP, to a real
// server on a real Postgres. Beside that, tests only run SQL as an operator might, and control the clock,
// Mandrill and Google.
//
// Tests whose names end in Long take more than ten seconds by themselves: `make test` skips them, `make
// test/long` runs them.
package tests

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"

	"github.com/planoauth/planoauth/db/embedded"
)

// postgresOptions make Postgres fast at the cost of durability, and allow parallel tests.
var postgresOptions = []string{
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=256MB",
	"max_connections=500", "shared_buffers=128MB",
}

// sharedPostgres is the environment variable with the URL of a cluster that another process of this run has
// started.
const sharedPostgres = "PLANOAUTH_TESTS_POSTGRES"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	address, stop, err := startPostgres(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "no Postgres to test with:", err)
		return 1
	}
	defer stop()
	defer stopPoolers()
	cluster = clusterOf(address)
	os.Setenv(sharedPostgres, address) // for the workers of the fuzzer
	code := m.Run()
	only := os.Getenv("OUTCOMES") // an operation, to ask for its part of the matrix after a run of some tests
	if code == 0 && (only != "" || wholeRun()) && !matrix.report(only) {
		code = 1
	}
	return code
}

// wholeRun reports whether no test was left out but those that take long, so that the matrix must be
// complete.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.bench", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" && f.Value.String() != "Long$" {
			return false
		}
	}
	return flag.Lookup("test.run").Value.String() == ""
}

// startPostgres starts a container where an engine answers, otherwise the machine's binaries.
// POSTGRES=machine chooses those.
func startPostgres(ctx context.Context) (address string, stop func(), err error) {
	if address := os.Getenv(sharedPostgres); address != "" {
		return address, func() {}, nil
	}
	if os.Getenv("POSTGRES") != "machine" && engineAnswers() {
		address, stop, err := startContainer(ctx)
		if err == nil {
			return address, stop, nil
		}
		fmt.Println("database: the container engine answers, but gave no Postgres:", err)
	}
	dir, err := os.MkdirTemp(memoryDir(), "planoauth-tests-")
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", nil, err
	}
	started, err := embedded.Start(ctx, dir+"/postgres", postgresOptions...)
	if err != nil {
		return "", nil, err
	}
	fmt.Println("database: machine, its own Postgres binaries, in", dir)
	return started.URL, func() { started.Stop(); os.RemoveAll(dir) }, nil
}

// memoryDir is a directory in memory with room for the cluster, or "" where there is none.
func memoryDir() string {
	const dir, tmpfs, room = "/dev/shm", 0x01021994, 2 << 30
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil || int64(fs.Type) != tmpfs || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return dir
}

func engineAnswers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "info").Run() == nil
}

func startContainer(ctx context.Context) (address string, stop func(), err error) {
	image := os.Getenv("TEST_POSTGRES_IMAGE")
	if image == "" {
		image = "postgres:17-alpine"
	}
	command := []string{"postgres"}
	for _, option := range postgresOptions {
		command = append(command, "-c", option)
	}
	container, err := postgres.Run(ctx, image,
		postgres.WithDatabase("planoauth"), postgres.WithUsername("planoauth"), postgres.WithPassword("planoauth"),
		postgres.BasicWaitStrategies(), testcontainers.WithCmd(command...),
		testcontainers.WithTmpfs(map[string]string{"/var/lib/postgresql/data": "rw"}))
	if err != nil {
		return "", nil, err
	}
	stop = func() { testcontainers.TerminateContainer(container) }
	if address, err = container.ConnectionString(ctx, "sslmode=disable"); err != nil {
		stop()
		return "", nil, err
	}
	fmt.Println("database: testcontainers, image", image)
	return address, stop, nil
}
