package tests

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// TestAuditList runs the verb with each flag.
func TestAuditList(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	pool, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(pool.Close)
	e := &env{t: t, pool: pool}
	ada := e.userID(e.user(person{email: "ada@example.com"}))
	e.exec(`INSERT INTO audit_events (created_at, operation, status, actor_id, actor_application, command, subject_id, application, request_id, ip, user_agent, changed, count) VALUES
		('2026-11-22T10:38:08Z', 'employee add', 'action-successful', NULL, '', true, $1, '', '', '', '', '{access}', 1),
		('2026-11-22T10:38:09Z', 'sessionsCreate', 'invalid-password', NULL, '', false, $1, 'planoorder', repeat('A', 26), '203.0.113.7', 'Mark I', '{}', 15),
		('2026-11-22T10:38:10Z', 'sessionsCreate', 'action-successful', NULL, 'planoorder', false, 77777, 'planoorder', repeat('B', 26), '203.0.113.7', 'Mark I', '{}', 1),
		('2026-11-22T10:38:11Z', 'companiesCreate', '', $1, '', false, NULL, 'planoauth', repeat('C', 26), '203.0.113.7', '<Mark I>', '{name}', 1)`, ada)
	for _, row := range []struct {
		arguments string // separated by |
		stdout    string // a regular expression
		refused   string // what stderr says; "" when it succeeds
	}{
		{"audit|list", `^TIME +OPERATION +STATUS +ACTOR +SUBJECT +APPLICATION +COUNT +REQUEST
2026-11-22T10:38:11Z +companiesCreate +- +ada@example.com +- +planoauth +1 +C{26}
2026-11-22T10:38:10Z +sessionsCreate +action-successful +planoorder +#77777 +planoorder +1 +B{26}
2026-11-22T10:38:09Z +sessionsCreate +invalid-password +- +ada@example.com +planoorder +15 +A{26}
2026-11-22T10:38:08Z +employee add +action-successful +the command +ada@example.com +- +1 +-
$`, ""},
		{"audit|list|--operation|employee add", `^TIME.*\n.* employee add .*\n$`, ""},
		{"audit|list|--user|ADA@example.com", `^TIME.*\n.* companiesCreate .*\n.* invalid-password .*\n.* employee add .*\n$`, ""},
		{"audit|list|--user|ada@example.com|--operation|sessionsCreate", `^TIME.*\n.* invalid-password .*\n$`, ""},
		{"audit|list|--limit|1|--json", fmt.Sprintf(`^\[{"id":\d+,"created_at":"2026-11-22T10:38:11Z","operation":"companiesCreate","actor":{"id":%d,"email":"ada@example.com"},"application":"planoauth",`+
			`"request_id":"C{26}","count":1,"ip":"203.0.113.7","user_agent":"\\u003cMarkI\\u003e","changed":\["name"\]}\]$`, ada), ""},
		{"audit|list|--operation|employee add|--json", fmt.Sprintf(`"actor":{"command":true},"subject":{"id":%d,"email":"ada@example.com"},"count":1,"changed":\["access"\]}\]$`, ada), ""},
		{"audit|list|--operation|nothing|--json", `^\[\]$`, ""},
		{"audit|list|--user|nobody@example.com", "^$", "--user must be the e-mail address of a user"},
		{"audit|list|--limit|0", "^$", "--limit must be at least 1"},
	} {
		stdout, stderr, failed := verb(t, []string{"DATABASE_URL=" + url}, strings.Split(row.arguments, "|")...)
		if (failed != nil) != (row.refused != "") || !strings.Contains(stderr, row.refused) {
			t.Errorf("%s ends with %v: %s", row.arguments, failed, stderr)
		}
		if strings.HasSuffix(row.arguments, "--json") {
			stdout = strings.NewReplacer(" ", "", "\n", "").Replace(stdout)
		}
		if !regexp.MustCompile(row.stdout).MatchString(stdout) {
			t.Errorf("%s prints %s", row.arguments, stdout)
		}
	}
}
