package tests

import (
	"context"
	"database/sql"
	_ "embed"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/peterldowns/pgtestdb"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

// cluster is the Postgres of this run of tests. It connects as superuser.
var cluster pgtestdb.Config

func clusterOf(address string) pgtestdb.Config {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	password, _ := u.User.Password()
	return pgtestdb.Config{
		DriverName: "pgx", Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Password: password,
		Database: u.Path[1:], Options: u.RawQuery,
	}
}

// database is a migrated and deployed database that one test has to itself.
type database struct {
	url       string
	superuser *pgx.Conn // for resetting it
}

// idle are the databases that no test uses. They are reset.
var idle struct {
	mu   sync.Mutex
	list []*database
}

// newDatabase returns the URL of a database that is the test's own until the test and its cleanups have
// ended.
func newDatabase(t testing.TB) string {
	t.Helper()
	d := takeIdle()
	if d == nil {
		d = cloneDatabase(t)
	}
	t.Cleanup(func() { d.giveBack(t) })
	return d.url
}

func takeIdle() *database {
	idle.mu.Lock()
	defer idle.mu.Unlock()
	if len(idle.list) == 0 {
		return nil
	}
	last := len(idle.list) - 1
	d := idle.list[last]
	idle.list = idle.list[:last]
	return d
}

// outlivesTest keeps pgtestdb from dropping a database at the end of the test that cloned it.
type outlivesTest struct{ testing.TB }

func (outlivesTest) Cleanup(func()) {}

func cloneDatabase(t testing.TB) *database {
	t.Helper()
	config := pgtestdb.Custom(outlivesTest{t}, cluster, migrator{})
	superuser, err := pgx.Connect(context.Background(), asSuperuser(*config).URL())
	check(t, err)
	return &database{url: config.URL(), superuser: superuser}
}

func asSuperuser(config pgtestdb.Config) pgtestdb.Config {
	config.User, config.Password = cluster.User, cluster.Password
	return config
}

// giveBack resets a database for the next test, or drops it if its schema or settings were changed.
func (d *database) giveBack(t testing.TB) {
	ctx := context.Background()
	var clean bool
	if err := d.superuser.QueryRow(ctx, "SELECT pristine.reset()").Scan(&clean); err != nil {
		t.Errorf("resetting the database failed: %v", err)
	}
	if !clean {
		d.drop(t)
		return
	}
	idle.mu.Lock()
	defer idle.mu.Unlock()
	idle.list = append(idle.list, d)
}

func (d *database) drop(t testing.TB) {
	ctx := context.Background()
	name := d.superuser.Config().Database
	check(t, d.superuser.Close(ctx))
	conn, err := pgx.Connect(ctx, cluster.URL())
	check(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	check(t, err)
}

// emptyDatabase returns the URL of a database without tables.
func emptyDatabase(t testing.TB) string {
	t.Helper()
	return pgtestdb.Custom(t, cluster, pgtestdb.NoopMigrator{}).URL()
}

// migrator prepares the template of the tests' databases.
type migrator struct{}

// Hash names the template. Each run of tests has a cluster of its own, which is empty when it begins.
func (migrator) Hash() (string, error) { return "planoauth", nil }

// pristine is the schema that resets a database.
//
//go:embed testdata/pristine.sql
var pristine string

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
	if err := admin.Deploy(ctx, d, time.Now()); err != nil {
		return err
	}
	superuser, err := pgx.Connect(ctx, asSuperuser(config).URL())
	if err != nil {
		return err
	}
	defer superuser.Close(ctx)
	_, err = superuser.PgConn().Exec(ctx, pristine).ReadAll()
	return err
}
