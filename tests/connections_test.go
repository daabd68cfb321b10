package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/planoauth/planoauth/gen/client"
)

// useAll registers somebody, signs in, reads and lists what is theirs: statements of
// all kinds. It returns the slugs of what was not successful.
func (e *env) useAll(email, firstName string) (unsuccessful []string) {
	e.t.Helper()
	ctx := e.t.Context()
	note := func(outcome client.Outcome, err error) client.Outcome {
		e.t.Helper()
		check(e.t, err)
		if outcome.Slug() != "action-successful" {
			text, _ := json.Marshal(outcome)
			unsuccessful = append(unsuccessful, fmt.Sprintf("%T %s", outcome, text))
		}
		return outcome
	}
	params := registration(email)
	params.Client.FirstName = firstName
	note(e.api.ClientsRegister(ctx, params))
	in, ok := note(e.api.SessionsCreate(ctx, client.SessionsCreateParams{
		Email: email, Password: params.Client.Password, Application: "planoorder",
	})).(client.SessionsCreateActionSuccessful)
	if !ok {
		return unsuccessful
	}
	user, ok := note(e.api.UsersRead(ctx, client.UsersReadParams{}, client.WithToken(in.Data.Token))).(client.UsersReadActionSuccessful)
	if ok && user.Data.FirstName != firstName {
		unsuccessful = append(unsuccessful, "the first name is "+user.Data.FirstName)
	}
	note(e.api.SessionsIndex(ctx, client.SessionsIndexParams{}, client.WithToken(in.Data.Token)))
	note(e.api.PreferencesUpdate(ctx, client.PreferencesUpdateParams{RememberMe: true}, client.WithToken(in.Data.Token)))
	return unsuccessful
}

// visits runs useAll for several people at once.
func (e *env) visits(n int) {
	e.t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if failed := e.useAll(fmt.Sprintf("visitor%d@example.com", i), "Ada"); failed != nil {
				e.t.Errorf("not successful: %s", failed)
			}
		})
	}
	all.Wait()
}

func TestBehindPooler(t *testing.T) {
	t.Parallel()
	for _, mode := range []poolMode{transactionMode, sessionMode} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			e := start(t, withDatabase(func(url string) string { return behindPooler(t, mode, url) }))
			e.visits(12)
			shared := mode == transactionMode
			if listening := e.count("pg_stat_activity WHERE datname = current_database() AND query ILIKE 'listen%'") > 0; listening == shared {
				t.Errorf("a backend listens: %v", listening)
			}
		})
	}
}

// TestExecModes: what DATABASE_URL says about prepared statements is done.
func TestExecModes(t *testing.T) {
	t.Parallel()
	for _, option := range []string{
		"statement_cache_capacity=0",
		"default_query_exec_mode=exec",
		"default_query_exec_mode=simple_protocol",
		"default_query_exec_mode=cache_describe",
		"default_query_exec_mode=describe_exec",
		"default_query_exec_mode=cache_statement",
	} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			e := start(t, withDatabase(func(url string) string { return url + "&" + option + "&application_name=tested" }))
			e.visits(2)
			var named int
			check(t, e.pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tested' AND datname = current_database()").Scan(&named))
			if named == 0 {
				t.Error("no connection has the application_name of the URL")
			}
		})
	}
}

// TestInheritedSettings: what a session inherits from its database or role changes nothing.
func TestInheritedSettings(t *testing.T) {
	t.Parallel()
	const hostile = `Ada\`
	settings := maps.Clone(hostileSettings)
	maps.Copy(settings, hostileDirectly)
	for _, row := range append(slices.Sorted(maps.Keys(settings)), "all") {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			e := start(t, withDatabase(func(url string) string {
				if row == "all" {
					makeHostile(t, url)
				} else {
					alterDatabase(t, url, fmt.Sprintf("SET %s = '%s'", row, settings[row]))
				}
				return url
			}))
			if failed := e.useAll("grace@example.com", hostile); failed != nil {
				t.Errorf("not successful: %s", failed)
			}
			e.visits(2)
			if n := e.count("users WHERE first_name = $1", hostile); n != 1 {
				t.Errorf("%d users have the first name %s", n, hostile)
			}
		})
	}
}

// alterDatabase runs ALTER DATABASE as an operator.
func alterDatabase(t testing.TB, url, change string) {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	check(t, err)
	conn, err := pgx.Connect(context.Background(), cluster.URL())
	check(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), "ALTER DATABASE "+pgx.Identifier{config.Database}.Sanitize()+" "+change)
	check(t, err)
}

// TestNoFreeConnection: while Postgres has no connection for the server's pool, requests wait.
func TestNoFreeConnection(t *testing.T) {
	t.Parallel()
	e := start(t)
	alterDatabase(t, e.database, "CONNECTION LIMIT 8")
	t.Cleanup(func() { alterDatabase(t, e.database, "CONNECTION LIMIT -1") })
	e.visits(8)
}

// TestReadsSurviveTheirConnection: all connections of the server are ended while users read.
func TestReadsSurviveTheirConnection(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	for range 5 {
		var reads sync.WaitGroup
		read := func() {
			for range 6 {
				outcome, err := e.api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token))
				check(t, err)
				if outcome.Slug() != "action-successful" {
					t.Errorf("users/read is %s", outcome.Slug())
				}
			}
		}
		for range 5 {
			reads.Go(read)
		}
		e.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()")
		reads.Wait()
	}
}

// TestReady: /health/ready names what is missing, and is ready again without it.
func TestReady(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, sql, undo, reason string }{
		{"a migration is pending", "DELETE FROM planoauth_migrations WHERE version_id = 3", "INSERT INTO planoauth_migrations (version_id, is_applied) VALUES (3, true)", "behind"},
		{"a newer server has migrated", "INSERT INTO planoauth_migrations (version_id, is_applied) VALUES (90000, true)", "DELETE FROM planoauth_migrations WHERE version_id = 90000", "newer"},
		{"a newer server has migrated and no longer serves this one", "INSERT INTO planoauth_migrations (version_id, is_applied, oldest_server) VALUES (90001, true, 90000)", "DELETE FROM planoauth_migrations WHERE version_id = 90001", "newer"},
		{"a newer server has migrated and serves this one", "INSERT INTO planoauth_migrations (version_id, is_applied, oldest_server) VALUES (90000, true, 3)", "", ""},
		{"nothing is deployed", "UPDATE services SET deployed_at = NULL", "UPDATE services SET deployed_at = now()", "deployed"},
		{"the database is read-only", "", "", "read-only"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			change := func(sql, setting string) {
				if row.reason == "read-only" {
					alterDatabase(t, e.database, setting+" default_transaction_read_only")
					sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
				}
				if sql != "" {
					e.exec(sql)
				}
			}
			change(row.sql, "SET default_transaction_read_only = on --")
			a := e.send("GET", "/health/ready", nil)
			if ready := row.reason == ""; ready != (a.code == 200) || !strings.Contains(a.text, row.reason) {
				t.Errorf("%d %s", a.code, a.text)
			}
			change(row.undo, "RESET")
			if row.reason != "" {
				e.within(busyLimit, "ready again", func() bool { return e.send("GET", "/health/ready", nil).code == 200 })
			}
		})
	}
}

// TestDatabaseHangsLong: Postgres is there and answers nothing. Requests end within 6 s and /health/ready within
// 2 s; both work again when it answers.
func TestDatabaseHangsLong(t *testing.T) {
	t.Parallel()
	between := startPGProxy(t, cluster.Host+":"+cluster.Port)
	e := start(t, withDatabase(func(url string) string { return between.through(t, url) }))
	email := e.user(person{client: true})
	token := e.signIn(email)
	between.be(hung)
	var requests sync.WaitGroup
	for i := range 10 {
		requests.Go(func() {
			began := time.Now()
			var outcome client.Outcome
			var err error
			if i%2 == 0 {
				outcome, err = e.api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token))
			} else {
				outcome, err = e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"})
			}
			check(t, err)
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("%s took %v", outcome.Slug(), took)
			}
		})
	}
	began := time.Now()
	a := e.send("GET", "/health/ready", nil)
	if took := time.Since(began); a.code != 503 || !strings.Contains(a.text, "does not answer") || took > 2*time.Second {
		t.Errorf("ready: %d %s after %v", a.code, a.text, took)
	}
	requests.Wait()
	between.be(whole)
	e.within(5*time.Second, "service is back", func() bool {
		outcome, err := e.api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token))
		return err == nil && outcome.Slug() == "action-successful"
	})
}

// foreignDatabase makes a database with options of CREATE DATABASE, for instance another encoding.
func foreignDatabase(t testing.TB, options string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), cluster.URL())
	check(t, err)
	name := fmt.Sprintf("foreign%d", people.Add(1))
	_, err = conn.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 "+options)
	check(t, err)
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		check(t, err)
		conn.Close(context.Background())
	})
	config := cluster
	config.Database = name
	return config.URL()
}

func TestEncodingIsRefused(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"EUC_JP", "LATIN1", "SQL_ASCII"} {
		environment := []string{"DATABASE_URL=" + foreignDatabase(t, "ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C'"), "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "ADDR=127.0.0.1:0"}
		for _, arguments := range []string{"migrate", "serve", "deploy"} {
			if _, stderr, err := verb(t, environment, arguments); err == nil || !strings.Contains(stderr, "UTF8") || !strings.Contains(stderr, encoding) {
				t.Errorf("%s on %s ends with %v: %s", arguments, encoding, err, stderr)
			}
		}
	}
}

// TestCaseFoldingInTurkish: the locale of the database does not decide which addresses are the same.
func TestCaseFoldingInTurkish(t *testing.T) {
	t.Parallel()
	database := foreignDatabase(t, "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'")
	done(t, []string{"DATABASE_URL=" + database}, "migrate")
	done(t, []string{"DATABASE_URL=" + database}, "deploy")
	e := start(t, withDatabase(func(string) string { return database }))
	own, err := pgx.Connect(t.Context(), database)
	check(t, err)
	defer own.Close(context.Background())
	_, err = own.Exec(t.Context(), "INSERT INTO users (email, password_hash) VALUES ('NILI@example.com', $1)", hashOf(t, goodPassword))
	check(t, err)
	outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: "nili@example.com", Password: goodPassword, Application: "planoorder"})
	check(t, err)
	if outcome.Slug() != "client-required" {
		t.Errorf("signing in is %s", outcome.Slug())
	}
	if outcome, err := e.api.ClientsRegister(t.Context(), registration("nili@example.com")); err != nil || outcome.Slug() != "email-already-registered" {
		t.Errorf("registering once more is %v %v", outcome.Slug(), err)
	}
}

// TestForeignMigrationTable: another program's goose_db_version says nothing about our tables, and ours of
// earlier releases is taken over.
func TestForeignMigrationTable(t *testing.T) {
	t.Parallel()
	database := emptyDatabase(t)
	conn, err := pgx.Connect(t.Context(), database)
	check(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint, is_applied boolean, tstamp timestamp DEFAULT now())`)
	check(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) SELECT n, true FROM generate_series(0, 20) n`)
	check(t, err)
	environment := []string{"DATABASE_URL=" + database}
	done(t, environment, "migrate")
	done(t, environment, "deploy")
	if list := done(t, environment, "application", "list"); !strings.Contains(list, "planoorder") {
		t.Errorf("the applications are %s", list)
	}
	// As the first release left it: the bookkeeping is goose's.
	database = emptyDatabase(t)
	first, err := pgx.Connect(t.Context(), database)
	check(t, err)
	defer first.Close(context.Background())
	files, err := filepath.Glob("../db/migrations/0000[123]_*.sql")
	check(t, err)
	for _, file := range files {
		_, err = first.Exec(t.Context(), string(readFile(t, file)))
		check(t, err)
	}
	_, err = first.Exec(t.Context(), `CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint, is_applied boolean, tstamp timestamp DEFAULT now());
		INSERT INTO goose_db_version (version_id, is_applied) SELECT n, true FROM generate_series(0, 3) n`)
	check(t, err)
	environment = []string{"DATABASE_URL=" + database}
	done(t, environment, "migrate")
	done(t, environment, "migrate")
	done(t, environment, "deploy")
	if list := done(t, environment, "application", "list"); !strings.Contains(list, "planoorder") {
		t.Errorf("the applications are %s", list)
	}
}
