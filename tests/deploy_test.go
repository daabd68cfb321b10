package tests

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// TestMigrateAndDeploySay: each says in a line what it did, or what has to come first.
func TestMigrateAndDeploySay(t *testing.T) {
	t.Parallel()
	database := []string{"DATABASE_URL=" + emptyDatabase(t)}
	pool, err := pgxpool.New(t.Context(), strings.TrimPrefix(database[0], "DATABASE_URL="))
	check(t, err)
	t.Cleanup(pool.Close)
	e := &env{t: t, pool: pool}
	for _, row := range []struct{ sql, verb, stdout, refused string }{
		{"", "deploy", "^$", "planoauth: the schema of the database is behind this version: run `planoauth migrate` and `planoauth deploy`\n"},
		{"", "migrate", "^Migrations applied: \\d+\\. .*planoauth deploy.*\n$", ""},
		{"", "migrate", "^The schema is up to date: nothing changed\\.\n$", ""},
		{"", "deploy", fmt.Sprintf("^Deployed: %d services and %d routes added, 0 rows removed\\.\n$", len(spec().Tags), len(specOperations())), ""},
		{"", "deploy", "^Everything is deployed: nothing changed\\.\n$", ""},
		{"UPDATE routes SET deployed_at = NULL", "deploy", "^Everything is deployed: nothing changed\\.\n$", ""},
		{"UPDATE routes SET path = '/api/v1/old/thing' WHERE path = '/api/v1/sessions/read'", "deploy", "^Deployed: 0 services and 1 routes added, 1 rows removed\\.\n$", ""},
		{"INSERT INTO planoauth_migrations (version_id, is_applied) VALUES (90000, true)", "migrate", "^$", "newer"},
		{"", "deploy", "^$", "newer"},
	} {
		if row.sql != "" {
			e.exec(row.sql)
		}
		stdout, stderr, failed := verb(t, database, row.verb)
		if (failed != nil) != (row.refused != "") || !strings.Contains(stderr, row.refused) || !regexp.MustCompile(row.stdout).MatchString(stdout) {
			t.Errorf("%s after %q ends with %v: %s%s", row.verb, row.sql, failed, stdout, stderr)
		}
	}
	if migrate, deploy := e.count("audit_events WHERE operation = 'migrate' AND command"), e.count("audit_events WHERE operation = 'deploy' AND command"); migrate != 1 || deploy != 2 {
		t.Errorf("there are %d audit events of migrate and %d of deploy", migrate, deploy)
	}
}

// TestProductionHasNoBanner: a server on a database of one's own says only that it is ready.
func TestProductionHasNoBanner(t *testing.T) {
	t.Parallel()
	cmd, stdout, _ := run(t, []string{"serve"}, "DATABASE_URL="+newDatabase(t), "ADDR="+freeAddress(t), "MANDRILL_API_KEY=md-test-key", "MAIL_FROM=a@example.com", "DRAIN_SECONDS=0")
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	check(t, err)
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(lines)
	check(t, err)
	check(t, cmd.Wait())
	if !strings.HasPrefix(line, "PlanoAuth is ready at http://127.0.0.1:") || len(rest) > 0 {
		t.Errorf("it prints %s%s", line, rest)
	}
}
