// Package tests is the black box: everything goes over HTTP, through the generated Go client, to a real server on a real
// Postgres. Only SQL that an operator might run, the clock and Mandrill are reached behind its back.
package tests

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/peterldowns/pgtestdb"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/impl/admin"
)

// postgresOptions make a Postgres quick that nobody needs to survive a crash, and wide enough for parallel tests.
var postgresOptions = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=500", "shared_buffers=128MB"}

// cluster is the Postgres of this run of tests; each test has a cloned database in it.
var cluster pgtestdb.Config

// sharedPostgres is the variable that names a cluster which another process of this run has started.
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
	cluster = clusterOf(address)
	os.Setenv(sharedPostgres, address) // for the workers of the fuzzer
	code := m.Run()
	only := os.Getenv("OUTCOMES") // an operation, to ask for its part of the matrix after a run of some tests
	if code == 0 && (only != "" || wholeRun()) && !matrix.report(only) {
		code = 1
	}
	return code
}

// wholeRun tells whether nothing was left out, so that the matrix can be asked for.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.bench", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// startPostgres uses a container where an engine answers, else the binaries of this machine; POSTGRES=machine asks for those.
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
	dir, err := os.MkdirTemp("", "planoauth-tests-")
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
	fmt.Println("database: machine, its own Postgres binaries")
	return started.URL, func() { started.Stop(); os.RemoveAll(dir) }, nil
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
		postgres.BasicWaitStrategies(), testcontainers.WithCmd(command...))
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

func clusterOf(address string) pgtestdb.Config {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	password, _ := u.User.Password()
	return pgtestdb.Config{
		DriverName: "pgx", Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Password: password,
		Database: u.Path[1:], Options: u.RawQuery, ForceTerminateConnections: true,
	}
}

// migrator prepares the database that the tests' own are cloned from.
type migrator struct{}

// Hash names the template. Each run of tests has a cluster of its own, which is empty when it begins.
func (migrator) Hash() (string, error) { return "planoauth", nil }

func (migrator) Migrate(ctx context.Context, _ *sql.DB, config pgtestdb.Config) error {
	settings, err := db.ParseURL(config.URL())
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := db.Migrate(ctx, d); err != nil {
		return err
	}
	return admin.Deploy(ctx, d, time.Now())
}
