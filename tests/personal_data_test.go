package tests

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// marked fills tables with rows whose every value tells which column it stands in.
type marked struct {
	*env
	values map[string]string // of each column, as the export and a dump show it
	times  int
}

// withheld are the columns that an export leaves out: digests, secrets, bodies, and what serves the storage alone.
var withheld = []string{
	"users.password_hash", "sessions.token_digest", "links.token_digest", "links.challenge", "links.slot", "users.recordless",
	"mails.text_body", "mails.html_body", "mails.claim", "mails.claimed_until",
}

// fixed are the columns that do not take any value.
var fixed = map[string]string{
	"users.email": "marked@example.com", "links.kind": "magic", "sessions.method": "password", "employees.access": "viewer",
	"links.slot": "0", "clients.company_id": "77", "users.locale": "es",
}

// insert inserts a row into a table, and gives each column a value of its own.
func (m *marked) insert(table string, userColumn string, userID int64) {
	m.t.Helper()
	rows, err := m.pool.Query(m.t.Context(), `SELECT column_name, udt_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO' ORDER BY ordinal_position`, table)
	check(m.t, err)
	var names, params []string
	var args []any
	for rows.Next() {
		var name, kind string
		check(m.t, rows.Scan(&name, &kind))
		names = append(names, name)
		params = append(params, fmt.Sprintf("$%d", len(params)+1))
		column := table + "." + name
		switch {
		case name == userColumn:
			args = append(args, userID)
		case name == "application_id":
			params[len(params)-1] = "(SELECT id FROM applications WHERE slug = 'planox2' AND $" + fmt.Sprint(len(params)) + "::text = '')"
			args = append(args, "")
			m.values[column] = "planox2"
		default:
			args = append(args, m.value(column, kind))
		}
	}
	check(m.t, rows.Err())
	m.exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(params, ", ")+")", args...)
}

// value makes the value of a column. It stops a test that meets a type nobody has thought of.
func (m *marked) value(column, kind string) any {
	m.t.Helper()
	text := "marker of " + strings.ReplaceAll(column, "_", " ")
	if set, ok := fixed[column]; ok {
		text = set
	}
	m.values[column] = text
	switch kind {
	case "text":
		return text
	case "bytea":
		m.values[column] = hex.EncodeToString([]byte(text))
		return []byte(text)
	case "bool":
		m.values[column] = "true"
		return true
	case "int8", "int2":
		return json.Number(fixed[column])
	case "timestamptz":
		m.times++
		at := m.clock.now().UTC().Truncate(time.Millisecond).Add(-time.Duration(m.times) * 1234567 * time.Millisecond)
		m.values[column] = at.Format("2006-01-02T15:04:05.000Z")
		return at
	}
	m.t.Fatalf("the column %s has the type %s: say in this test how it is marked", column, kind)
	return nil
}

// referrers returns the tables with a foreign key to users, and its column.
func (e *env) referrers() map[string]string {
	e.t.Helper()
	rows, err := e.pool.Query(e.t.Context(), `SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass`)
	check(e.t, err)
	tables := map[string]string{}
	for rows.Next() {
		var table, column string
		check(e.t, rows.Scan(&table, &column))
		tables[table] = column
	}
	check(e.t, rows.Err())
	return tables
}

// dump returns all rows of all tables, as text.
func (e *env) dump() string {
	e.t.Helper()
	rows, err := e.pool.Query(e.t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	check(e.t, err)
	var tables []string
	for rows.Next() {
		var table string
		check(e.t, rows.Scan(&table))
		tables = append(tables, table)
	}
	check(e.t, rows.Err())
	var all strings.Builder
	for _, table := range tables {
		var text string
		check(e.t, e.pool.QueryRow(e.t.Context(), fmt.Sprintf(`SELECT coalesce(string_agg(t::text, E'\n'), '') FROM %q t`, table)).Scan(&text))
		fmt.Fprintf(&all, "%s:\n%s\n", table, text)
	}
	return all.String()
}

// TestPersonalData makes a person whose every field is marked. An export shows each mark, save of secrets. After the
// deletion the database has none.
func TestPersonalData(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, "INSERT INTO companies (id, name) VALUES (77, 'Remington Rand')"), withSettings(opaque), withSettings(behindProxy),
		withSettings(func(s *impl.Settings) { s.ThrottlePasswords, s.ThrottleLinks = []int{30, 100}, []int{3, 10} }))
	e.mandrill.be("down")
	admin := e.user(person{access: "admin"})
	token := e.session(admin, "planoauth")
	m := &marked{env: e, values: map[string]string{}}
	m.insert("users", "", 0)
	const email = "marked@example.com"
	id, adminID := e.userID(email), e.userID(admin)
	tables := e.referrers()
	for table, column := range tables {
		m.insert(table, column, id)
	}
	e.exec("UPDATE users SET suspended = false WHERE id = $1", id)
	// What refers to a user without a foreign key, and what others leave who deal with the person.
	e.exec(`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, request_id, ip, user_agent) VALUES
		(now(), 'usersUpdate', 'action-successful', $1, $1, 'request of old', 'marker of own ip', 'marker of own device'),
		(now(), 'peopleUpdate', 'action-successful', $2, $1, '', 'marker of other ip', 'marker of other device'),
		(now(), 'sessionsCreate', 'invalid-password', NULL, $1, '', 'marker of strange ip', '')`, id, adminID)
	e.exec(`INSERT INTO notifications (kind, message, created_at, acknowledged_at, acknowledged_by) VALUES ('application-crash', '', now(), now(), $1)`, id)
	e.exec(`INSERT INTO mails (kind, to_email, to_name, subject, text_body, html_body, created_at) VALUES
		('sign_in', 'Marked@example.com', 'marker of old name', 'marker of old subject', 'marker of old body', '', now())`)
	if slug := e.guess(email, "wrong", "198.51.100.7"); slug != "invalid-password" {
		t.Errorf("a wrong password is %s", slug)
	}
	e.requestFrom(email, "198.51.100.7")
	e.within(busyLimit, "the job has made a link", func() bool { return e.count("links WHERE user_id = $1", id) == 2 })
	if e.count("tries") != 2 || e.count("river_job WHERE kind = 'mail_link'") != 1 {
		t.Fatal("no attempts are counted, or no job has the address")
	}

	a := e.send("POST", "/api/v1/people/export", fmt.Appendf(nil, `{"id":%d}`, id), append([]string{"Content-Type", "application/json"}, bearer(token)...)...)
	if a.status() != "action-successful" {
		t.Fatalf("the export is %s", a.text)
	}
	for column, value := range m.values {
		_, name, _ := strings.Cut(column, ".")
		shown := strings.Contains(a.text, value)
		if column == "users.locale" {
			shown = strings.Contains(a.text, `"locale":"es"`)
		}
		if value == "true" { // suspended was taken back
			shown = strings.Contains(a.text, fmt.Sprintf("%q:true", name)) || column == "users.suspended" && strings.Contains(a.text, `"suspended":false`)
		}
		if hidden := slices.Contains(withheld, column); shown == hidden && column != "links.slot" {
			t.Errorf("in the export %s is shown: %t", column, shown)
		}
	}
	for text, shown := range map[string]bool{
		"request of old": true, "marker of own ip": true, "marker of own device": true, "marker of strange ip": true, "marker of other": false,
		"marker of old subject": true, "marker of old body": false, admin: false, fmt.Sprintf(`"actor_id":%d`, adminID): true, `"kind":"application-crash"`: true,
	} {
		if strings.Contains(a.text, text) != shown {
			t.Errorf("whether the export shows %q: %t", text, !shown)
		}
	}

	want[client.PeopleDeleteActionSuccessful](e.api.PeopleDelete(t.Context(), client.PeopleDeleteParams{ID: id, Email: strings.ToUpper(email)}, client.WithToken(token)))(t)
	left := strings.ToLower(e.dump())
	for _, mark := range []string{"marker of", "marked@", hex.EncodeToString([]byte("marker of")), hex.EncodeToString([]byte("marked@"))} {
		if at := strings.Index(left, mark); at >= 0 {
			t.Errorf("the database still has %q: %s", mark, left[max(0, at-200):min(len(left), at+200)])
		}
	}
	for column, value := range m.values {
		if at, err := time.Parse(time.RFC3339, value); err == nil && strings.Contains(left, at.Format("2006-01-02 15:04:05.999")) {
			t.Errorf("the database still has the time of %s", column)
		}
	}
	for what, n := range map[string]int{
		"tries": 0, "river_job WHERE kind = 'mail_link'": 0, fmt.Sprintf("audit_events WHERE actor_id = %d", id): 1, fmt.Sprintf("audit_events WHERE subject_id = %d AND status = 'action-successful'", id): 5,
		fmt.Sprintf("notifications WHERE acknowledged_by = %d", id): 1, "users": e.count("users WHERE id <> $1", id),
	} {
		if got := e.count(what); got != n {
			t.Errorf("after the deletion there are %d %s, not %d", got, what, n)
		}
	}
	for table, column := range tables {
		if n := e.count(fmt.Sprintf("%s WHERE %s = $1", table, column), id); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}

// TestExports compares what users see of themselves with what an administrator sees.
func TestExports(t *testing.T) {
	t.Parallel()
	e := start(t)
	export := func(token string) client.Outcome {
		outcome, err := e.api.UsersExport(t.Context(), client.UsersExportParams{}, client.WithToken(token))
		check(t, err)
		return outcome
	}
	for _, p := range []person{{client: true, liaison: true}, {access: "viewer"}, {}} {
		email := e.user(p)
		token := e.session(email, "planoauth")
		own := want[client.UsersExportActionSuccessful](export(token), nil)(t).Data
		shown := want[client.PeopleExportActionSuccessful](e.api.PeopleExport(t.Context(), client.PeopleExportParams{ID: e.userID(email)}, client.WithToken(e.employee("admin"))))(t).Data
		own.Sessions[0].LastUsedAt = shown.Sessions[0].LastUsedAt
		if len(shown.AuditEvents) != 1 || shown.AuditEvents[0].Operation != "usersExport" {
			t.Errorf("the audit events are %+v", shown.AuditEvents)
		}
		shown.AuditEvents = own.AuditEvents
		one, err := json.Marshal(own)
		check(t, err)
		other, err := json.Marshal(shown)
		check(t, err)
		if string(one) != string(other) || own.User.Email != email || len(own.Sessions) != 1 {
			t.Errorf("a user sees %s, but an administrator %s", one, other)
		}
		if (own.Client.ID != 0) != p.client || (own.Employee.ID != 0) != (p.access != "") || (own.Liaison.ID != 0) != p.liaison {
			t.Errorf("the records are %s", one)
		}
	}
	email := e.user(person{client: true})
	want[client.PermissionDenied](export(e.session(email, "planoorder")), nil)(t)
	old := e.session(email, "planoauth")
	e.clock.move(15 * time.Minute)
	refused := want[client.InvalidParam](export(old), nil)(t)
	if got := errorsOf(refused.Errors); got != "token recent_sign_in" {
		t.Errorf("a session of 15 minutes is refused for %s", got)
	}
	missing := want[client.InvalidParam](e.api.PeopleExport(t.Context(), client.PeopleExportParams{ID: 1 << 40}, client.WithToken(e.employee("admin"))))(t)
	if got := errorsOf(missing.Errors); got != "id exists" {
		t.Errorf("an unknown id is %s", got)
	}
}

func TestPeopleDelete(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.user(person{access: "admin"})
	token := e.session(admin, "planoauth")
	other := &env{t: t, api: connect(t, e.replica(cheapSettings, e.mandrill.mailer(t)), e.http)}
	for _, row := range []struct {
		name   string
		caller string // the access of another caller than the admin
		person person
		email  string // that is passed; "" for the person's
		self   bool
		want   string
		errors string
	}{
		{"a client", "", person{client: true}, "", false, "action-successful", ""},
		{"a user without a record", "", person{}, "", false, "action-successful", ""},
		{"another admin", "", person{access: "admin"}, "", false, "action-successful", ""},
		{"a suspended liaison", "", person{liaison: true}, "", false, "action-successful", ""},
		{"another address", "", person{client: true}, "nobody@example.com", false, "invalid-param", "email allowed"},
		{"the address of the admin", "", person{client: true}, admin, false, "invalid-param", "email allowed"},
		{"oneself", "", person{}, "", true, "invalid-param", "id allowed"},
		{"by support", "support", person{client: true}, "", false, "permission-denied", ""},
	} {
		email := e.user(row.person)
		caller := token
		if row.caller != "" {
			caller = e.employee(row.caller)
		}
		if row.self {
			email = admin
		}
		if strings.Contains(row.name, "suspended") {
			e.exec("UPDATE users SET suspended = true WHERE email = $1", email)
		}
		id := e.userID(email)
		session := e.session(email, "planoauth")
		before := other.readAs("", session)
		passed := strings.ToUpper(email)
		if row.email != "" {
			passed = row.email
		}
		outcome, err := e.api.PeopleDelete(t.Context(), client.PeopleDeleteParams{ID: id, Email: passed}, client.WithToken(caller))
		check(t, err)
		got := ""
		if refused, ok := outcome.(client.InvalidParam); ok {
			got = errorsOf(refused.Errors)
		}
		deleted := row.want == "action-successful"
		if outcome.Slug() != row.want || got != row.errors || (e.count("users WHERE id = $1", id) == 0) != deleted {
			t.Errorf("%s: want %s (%s), have %s (%s)", row.name, row.want, row.errors, outcome.Slug(), got)
		}
		if deleted {
			if got := e.readAs("", session); got != "invalid-token" {
				t.Errorf("%s: the session is %s", row.name, got)
			}
			e.within(busyLimit, "the session ends at the other replica", func() bool { return other.readAs("", session) == "invalid-token" })
		} else if got := other.readAs("", session); got != before {
			t.Errorf("%s: the session is %s", row.name, got)
		}
	}
	missing := want[client.InvalidParam](e.api.PeopleDelete(t.Context(), client.PeopleDeleteParams{ID: 1 << 40, Email: admin}, client.WithToken(token)))(t)
	if got := errorsOf(missing.Errors); got != "id exists" {
		t.Errorf("an unknown id is %s", got)
	}
	if n := e.count("mails"); n != 0 {
		t.Errorf("%d mails were made", n)
	}
}

func TestUsersDelete(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		person   person
		app      string // of the session
		password string
		age      time.Duration // of the session
		want     string
		errors   string
	}{
		{"a client", person{client: true}, "planoorder", goodPassword, 0, "action-successful", ""},
		{"a client by an old session", person{client: true}, "planoorder", goodPassword, 70 * time.Hour, "action-successful", ""},
		{"a user without a record", person{}, "planoorder", goodPassword, 0, "action-successful", ""},
		{"without the password", person{client: true}, "planoorder", "", 0, "missing-param", "current_password required"},
		{"with a wrong password", person{client: true}, "planoorder", "wrong", 0, "invalid-password", ""},
		{"a user without a password", person{client: true, noPassword: true}, "planoorder", "", 15*time.Minute - time.Second, "action-successful", ""},
		{"a user without a password, too late", person{client: true, noPassword: true}, "planoorder", "", 15 * time.Minute, "invalid-param", "current_password recent_sign_in"},
		{"a password that is none", person{client: true, noPassword: true}, "planoorder", goodPassword, 0, "invalid-param", "current_password allowed"},
		{"an employee in a product", person{client: true, employee: true}, "planoorder", goodPassword, 0, "permission-denied", ""},
		{"an employee in planoauth", person{employee: true}, "planoauth", goodPassword, 0, "action-successful", ""},
		{"the last admin", person{access: "admin"}, "planoauth", goodPassword, 0, "invalid-param", "token allowed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			email := e.user(row.person)
			e.exec("UPDATE users SET email_verified_at = now()") // or they are not told
			token := e.session(email, row.app)
			id := e.userID(email)
			if row.age > 0 {
				var made time.Time
				check(t, e.pool.QueryRow(t.Context(), "SELECT created_at FROM sessions WHERE user_id = $1", id).Scan(&made))
				e.clock.stop(made.Add(row.age))
			}
			outcome, err := e.api.UsersDelete(t.Context(), client.UsersDeleteParams{CurrentPassword: row.password}, client.WithToken(token))
			check(t, err)
			got := ""
			switch outcome := outcome.(type) {
			case client.InvalidParam:
				got = errorsOf(outcome.Errors)
			case client.MissingParam:
				got = errorsOf(outcome.Errors)
			}
			if outcome.Slug() != row.want || got != row.errors {
				t.Errorf("want %s (%s), have %s (%s)", row.want, row.errors, outcome.Slug(), got)
			}
			if row.want != "action-successful" {
				if e.count("users WHERE id = $1", id) != 1 || e.readAs("", token) == "invalid-token" || e.count("mails") != 0 {
					t.Error("something is gone, or the user was told of it")
				}
				return
			}
			if e.count("users WHERE id = $1", id) != 0 || e.readAs("", token) != "invalid-token" {
				t.Error("the user or the session is still there")
			}
			if e.count("audit_events WHERE operation = 'usersDelete' AND actor_id = $1 AND ip = '' AND user_agent = ''", id) != 1 {
				t.Error("there is no audit event, or it says from where")
			}
			e.within(busyLimit, "the user is told", func() bool {
				mails := e.mandrill.mails()
				return len(mails) == 1 && mails[0].To == email && strings.Contains(mails[0].Subject, "deleted")
			})
			e.within(busyLimit, "the mail is gone", func() bool { return e.count("mails") == 0 })
			if dump := e.dump(); strings.Contains(dump, email) {
				t.Errorf("the database still has the address: %s", dump)
			}
		})
	}
}

// TestDeletionOfStrangersAddress: an address that nobody has verified may belong to somebody who knows nothing of the
// account. They are not told of the deletion, and who deletes and registers by turns has no more mails sent to them.
func TestDeletionOfStrangersAddress(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL))
	for i := range 7 {
		registration := registration("stranger@example.com")
		registration.Application = "planoorder"
		made := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration))(t)
		params := client.UsersDeleteParams{CurrentPassword: registration.Client.Password}
		want[client.UsersDeleteActionSuccessful](e.api.UsersDelete(t.Context(), params, client.WithToken(made.Session.Token)))(t)
		if n := len(e.mandrill.mails()); n > min(i+1, 5)+1 {
			t.Fatalf("after %d registrations the stranger has got %d mails", i+1, n)
		}
	}
	if e.count("mails") != 0 || e.count("users") != 0 {
		t.Error("the stranger was told, or a user is left")
	}
}

// TestMailsBelongToUsers: every mail to a user goes with them.
func TestMailsBelongToUsers(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, "UPDATE applications SET sign_in_mail = true"))
	registration := registration("grace@example.com")
	registration.Application = "planoorder"
	made := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration))(t)
	e.magicLink("grace@example.com", "planoorder")
	want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(t.Context(),
		client.UsersPasswordResetParams{ResetToken: e.resetLink("grace@example.com"), Password: goodPassword}))(t)
	e.signIn("grace@example.com")
	if n, own := e.count("mails"), e.count("mails m JOIN users u ON u.id = m.user_id AND u.email = to_email"); n < 5 || n != own {
		t.Errorf("of %d mails %d belong to the user", n, own)
	}
	e.exec("DELETE FROM users WHERE email = $1", made.Data.Email)
	if n := e.count("mails"); n != 0 {
		t.Errorf("%d mails are left", n)
	}
}
