package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/password"
)

// audit says how the requests of an operation are recorded.
type audit struct {
	success, refusals bool
}

// auditOf follows the spec: what only reads is recorded where x-audit says so, all else is a change. Refusals are
// recorded of operations that sign in, and of administrative ones.
func auditOf(o *specOperation) audit {
	action := o.path[strings.LastIndex(o.path, "/")+1:]
	kind, _ := o.op.Extensions["x-audit"].(string)
	reads := strings.HasSuffix(action, "index") || slices.Contains([]string{"read", "google_authorize", "judge"}, action)
	administrative := o.op.Extensions["x-access"] != nil || o.id == "notificationsUpdate"
	return audit{success: !reads || kind == "read", refusals: kind == "sign-in" || administrative}
}

// TestAuditEvents sends the example of each operation, and refused requests: it is recorded once, or not at all, and
// without the values of params.
func TestAuditEvents(t *testing.T) {
	t.Parallel()
	for _, o := range specOperations() {
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			v := prepare(e, o)
			want := auditOf(o)
			early := v.sendRaw(e, "application/xml", "")
			wrong := *v
			wrong.params = maps.Clone(v.params)
			wrong.params["unknown"] = "marker"
			late := wrong.send(e, "User-Agent", "Harvard Mark I")
			nonsense := *v
			nonsense.token = "plas_nonsense"
			foreign := nonsense.send(e)
			done := v.send(e, "User-Agent", "Harvard Mark I")
			if early.status() != "invalid-content-type" || late.status() != "invalid-param" || foreign.status() != "invalid-token" || done.status() != "action-successful" {
				t.Fatalf("the answers are %s %s %s %s", early.status(), late.status(), foreign.status(), done.text)
			}
			e.auditSaved()
			for _, row := range []struct {
				name    string
				answer  answer
				want    bool
				agent   string
				changed string // a condition
			}{
				{"a request without params", early, false, "", "true"},
				{"a request with a wrong param", late, want.refusals, "Harvard Mark I", "changed = '{}'"},
				{"a request with a wrong token", foreign, want.refusals, "Go-http-client/1.1", "changed = '{}' AND actor_id IS NULL"},
				{"a request that works", done, want.success, "Harvard Mark I", "count = 1"},
			} {
				id, n := row.answer.header.Get("X-Request-Id"), 0
				if row.want {
					n = 1
				}
				have := e.count("audit_events WHERE request_id = $1", id)
				address := "127.0.0.1"
				if o.id == "usersDelete" && row.answer.code == 200 {
					address, row.agent = "", "" // of somebody who was deleted
				}
				right := e.count("audit_events WHERE request_id = $1 AND operation = $2 AND status = $3 AND ip = $4 AND user_agent = $5 AND NOT command AND "+row.changed,
					id, o.id, row.answer.status(), address, row.agent)
				if have != n || right != n {
					t.Errorf("%s: there are %d events, %d of them right, instead of %d", row.name, have, right, n)
				}
			}
			e.auditHides(v.params, v.token)
		})
	}
}

// auditSaved waits until all refusals so far are saved.
func (e *env) auditSaved() {
	e.t.Helper()
	a := e.send("POST", "/api/v1/sessions/create", b64(`{"last":1}`), "Content-Type", "text/plain")
	e.within(busyLimit, "the refusals are saved", func() bool {
		return e.count("audit_events WHERE request_id = $1", a.header.Get("X-Request-Id")) == 1
	})
}

// auditHides fails if an audit event holds a secret: a token, or the value of a param that is not the slug of an
// application and long enough to be told from other texts.
func (e *env) auditHides(params map[string]any, secrets ...string) {
	e.t.Helper()
	var add func(value any)
	add = func(value any) {
		switch value := value.(type) {
		case string:
			secrets = append(secrets, value)
		case map[string]any:
			for name, each := range value {
				if name != "application" && name != "slug" {
					add(each)
				}
			}
		}
	}
	add(params)
	for _, secret := range secrets {
		if len(secret) > 8 && e.count("audit_events e WHERE strpos(e::text, $1) > 0", secret) > 0 {
			e.t.Errorf("an audit event holds %q", secret)
		}
	}
}

// TestAuditedSignIns has a row per way in and out: who acted, whom it was about, and in which application.
func TestAuditedSignIns(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	ada, grace := e.userID(email), e.userID(e.user(person{email: "grace@example.com"}))
	liaison := e.user(person{liaison: true})
	create := func(email, password, token string) answer {
		return e.send("POST", "/api/v1/sessions/create", b64(fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder"}`, email, password)), append(bearer(token), "Content-Type", "text/plain")...)
	}
	rows := []struct {
		name                string
		send                func() answer
		status              string
		actor, subject      int64
		actorApp, condition string
	}{
		{"a sign-in", func() answer { return create(email, goodPassword, "") }, "action-successful", ada, ada, "", "operation = 'sessionsCreate'"},
		{"a sign-in without a record", func() answer { return create("grace@example.com", goodPassword, "") }, "client-required", grace, grace, "", "true"},
		{"a sign-in by a product's back end", func() answer { return create(email, goodPassword, e.applicationToken("planoorder")) }, "action-successful", 0, ada, "planoorder", "true"},
		{"a sign-in that replaces a session", func() answer { return create(email, goodPassword, e.session("grace@example.com", "planoorder")) }, "action-successful", ada, ada, "", "true"},
		{"a wrong password", func() answer { return create(email, "wrong password", "") }, "invalid-password", 0, ada, "", "true"},
		{"a wrong password with the token of another", func() answer { return create(email, "wrong password", e.session("grace@example.com", "planoorder")) }, "invalid-password", grace, ada, "", "true"},
		{"an unknown address", func() answer { return create("nobody@example.com", "wrong password", "") }, "email-not-found", 0, 0, "", "true"},
		{"a magic link of a user without a role", func() answer {
			return e.send("POST", "/api/v1/sessions/magic_link_create", b64(fmt.Sprintf(`{"magic_token":%q}`, e.link("magic", liaison, "", 0))), "Content-Type", "text/plain")
		}, "user-requires-role", 0, e.userID(liaison), "", "operation = 'sessionsMagicLinkCreate'"},
		{"signing out", func() answer {
			return e.send("POST", "/api/v1/sessions/delete", []byte("{}"), append(bearer(e.session(email, "planoorder")), "Content-Type", "application/json")...)
		}, "action-successful", ada, ada, "", "operation = 'sessionsDelete'"},
	}
	for _, row := range rows {
		a := row.send()
		if a.status() != row.status {
			t.Fatalf("%s is answered %s", row.name, a.text)
		}
		e.auditSaved()
		if id := a.header.Get("X-Request-Id"); e.count("audit_events WHERE request_id = $1", id) != 1 || e.count(`audit_events WHERE request_id = $1 AND status = $2
			AND coalesce(actor_id, 0) = $3 AND coalesce(subject_id, 0) = $4 AND actor_application = $5 AND application = 'planoorder' AND changed = '{}' AND `+row.condition,
			id, row.status, row.actor, row.subject, row.actorApp) != 1 {
			t.Errorf("%s: there is not one right event", row.name)
		}
	}
}

// TestAuditOfChanges: an event names the params that were passed to change something, and only those.
func TestAuditOfChanges(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	own, support := client.WithToken(e.session(email, "planoorder")), client.WithToken(e.employee("support"))
	id := want[client.CompaniesCreateActionSuccessful](e.api.CompaniesCreate(t.Context(), client.CompaniesCreateParams{Name: "Eckert-Mauchly"}, support))(t).Data.ID
	want[client.CompaniesUpdateActionSuccessful](e.api.CompaniesUpdate(t.Context(), client.CompaniesUpdateParams{ID: id, Active: new(false)}, support))(t)
	want[client.UsersUpdateActionSuccessful](e.api.UsersUpdate(t.Context(), client.UsersUpdateParams{FirstName: new("Augusta"), Phone: new("")}, own))(t)
	want[client.UsersUpdateActionSuccessful](e.api.UsersUpdate(t.Context(), client.UsersUpdateParams{}, own))(t)
	want[client.UsersPasswordUpdateActionSuccessful](e.api.UsersPasswordUpdate(t.Context(), client.UsersPasswordUpdateParams{Password: "nanoseconds on a wire", CurrentPassword: goodPassword}, own))(t)
	want[client.PeopleReadActionSuccessful](e.api.PeopleRead(t.Context(), client.PeopleReadParams{ID: e.userID(email)}, support))(t)
	registered := registration("new@example.com")
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registered))(t)
	for condition, n := range map[string]int{
		"operation = 'companiesCreate' AND changed = '{name}' AND subject_id IS NULL AND administration": 1,
		"operation = 'companiesUpdate' AND changed = '{active}' AND subject_id IS NULL":                  1,
		"operation = 'usersUpdate'": 1, // the other one changed nothing
		"operation = 'usersUpdate' AND changed = '{first_name,phone}' AND subject_id = actor_id":                 1,
		"operation = 'usersPasswordUpdate' AND changed = '{password}' AND NOT administration":                    1,
		"operation = 'peopleRead' AND changed = '{}' AND subject_id <> actor_id AND administration":              1,
		"operation = 'clientsRegister' AND 'client.email' = ANY (changed) AND 'client.password' = ANY (changed)": 1,
		"operation = 'clientsRegister' AND 'application' = ANY (changed)":                                        0,
	} {
		if got := e.count("audit_events WHERE " + condition); got != n {
			t.Errorf("want %d events with %s, have %d", n, condition, got)
		}
	}
	e.auditHides(nil, "Augusta", "nanoseconds on a wire", goodPassword, "Eckert", registered.Client.Password, "new@example.com")
}

// TestAuditedLinkRequests: a request for a link is an event where it made one, or where nobody may learn whether it did.
func TestAuditedLinkRequests(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		disclosure, email, want string
		events                  int
	}{
		{"precise", "ada@example.com", "action-successful", 1},
		{"precise", "nobody@example.com", "email-not-found", 0},
		{"opaque", "ada@example.com", "action-successful", 1},
		{"opaque", "nobody@example.com", "action-successful", 1},
	} {
		e := start(t, withSettings(func(s *impl.Settings) { s.Disclosure = row.disclosure }))
		e.user(person{email: "ada@example.com", client: true})
		outcome, err := e.api.UsersPasswordResetRequest(t.Context(), client.UsersPasswordResetRequestParams{Email: row.email, Application: "planoorder"})
		check(t, err)
		e.auditSaved()
		n := e.count("audit_events WHERE operation = 'usersPasswordResetRequest' AND changed = '{}' AND application = 'planoorder' AND actor_id IS NULL")
		if outcome.Slug() != row.want || n != row.events || e.count("audit_events WHERE operation = 'usersPasswordResetRequest'") != n {
			t.Errorf("%s %s: the answer is %s, and there are %d events", row.disclosure, row.email, outcome.Slug(), n)
		}
	}
}

// TestAuditCannotFail: where the event cannot be saved, nothing changes.
func TestAuditCannotFail(t *testing.T) {
	t.Parallel()
	const state = `SELECT md5(concat((SELECT string_agg(u::text, ',' ORDER BY id) FROM users u), (SELECT string_agg(c::text, ',' ORDER BY id) FROM clients c),
		(SELECT string_agg(e::text, ',' ORDER BY id) FROM employees e), (SELECT string_agg(token_digest::text, ',' ORDER BY id) FROM sessions),
		(SELECT string_agg(l::text, ',' ORDER BY id) FROM links l), (SELECT string_agg(c::text, ',' ORDER BY id) FROM companies c),
		(SELECT string_agg(n::text, ',' ORDER BY id) FROM notifications n WHERE kind <> 'application-crash'), (SELECT count(*) FROM mails)))`
	for _, o := range specOperations() {
		if !auditOf(o).success {
			continue
		}
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			v := prepare(e, o)
			read := func() (digest string) {
				check(t, e.pool.QueryRow(t.Context(), state).Scan(&digest))
				return digest
			}
			e.exec("ALTER TABLE audit_events ADD CONSTRAINT never CHECK (false) NOT VALID")
			before := read()
			if a := v.send(e); a.status() != "application-crash" {
				t.Errorf("without its event the answer is %s", a.text)
			}
			if read() != before {
				t.Error("something changed without an event")
			}
		})
	}
}

// TestAuditNeedsAChange: where the change fails, there is no event of it.
func TestAuditNeedsAChange(t *testing.T) {
	t.Parallel()
	var e *env
	changes := 0
	e = start(t, onHash(func(password.Cost) {
		if e != nil && changes > 0 {
			changes--
			e.exec("UPDATE users SET password_hash = password_hash || ' '")
		}
	}))
	email := e.user(person{client: true})
	changes = 1000
	want[client.InvalidPassword](e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}))(t)
	changes = 0
	support := client.WithToken(e.employee("support"))
	want[client.CompaniesCreateActionSuccessful](e.api.CompaniesCreate(t.Context(), client.CompaniesCreateParams{Name: "Eckert-Mauchly"}, support))(t)
	want[client.CompanyAlreadyExists](e.api.CompaniesCreate(t.Context(), client.CompaniesCreateParams{Name: "Eckert-Mauchly"}, support))(t)
	e.auditSaved()
	if e.count("audit_events WHERE operation = 'sessionsCreate' AND status = 'action-successful' AND subject_id = $1", e.userID(email)) != 0 || e.count("sessions WHERE user_id = $1", e.userID(email)) != 0 {
		t.Error("there is an event of a session that was not made, or the session")
	}
	for status, n := range map[string]int{"action-successful": 1, "company-already-exists": 1} {
		if got := e.count("audit_events WHERE operation = 'companiesCreate' AND status = $1", status); got != n {
			t.Errorf("there are %d events %s", got, status)
		}
	}
}

// TestAuditedFlood: of a flood ten refusals are events, and one event counts the rest.
func TestAuditedFlood(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }))
	minute := time.Now().Add(time.Minute).Truncate(time.Minute)
	e.clock.stop(minute.Add(10 * time.Second))
	flood := func(n int, address string) {
		for range n {
			a := e.send("POST", "/api/v1/sessions/create", b64(`{"email":"nobody@example.com","password":"x","application":"planoorder"}`), "Content-Type", "text/plain", "X-Forwarded-For", address)
			if a.status() != "email-not-found" {
				t.Fatalf("a refusal is %s", a.text)
			}
		}
	}
	counts := func() string {
		var text string
		check(t, e.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(n::text || '×' || count || ' ' || ip, ', ' ORDER BY ip, count), '') FROM (
			SELECT ip, count, count(*) AS n FROM audit_events WHERE operation = 'sessionsCreate' AND status = 'email-not-found' GROUP BY ip, count) AS c`).Scan(&text))
		return text
	}
	soon := func(want string) {
		t.Helper()
		e.within(busyLimit, want, func() bool { return counts() == want })
	}
	flood(10, "203.0.113.7")
	soon("10×1 203.0.113.7")
	flood(15, "203.0.113.7")
	flood(1, "203.0.113.8")
	soon("10×1 203.0.113.7, 1×1 203.0.113.8") // the clock stands still: the flood goes on
	e.auditSaved()
	soon("10×1 203.0.113.7, 1×1 203.0.113.8")
	e.clock.stop(minute.Add(11 * time.Second))
	soon("10×1 203.0.113.7, 1×15 203.0.113.7, 1×1 203.0.113.8")
	flood(3, "203.0.113.7")
	e.clock.stop(minute.Add(40 * time.Second))
	flood(1, "203.0.113.8")
	soon("10×1 203.0.113.7, 1×15 203.0.113.7, 2×1 203.0.113.8") // a second count waits for the end of the minute
	e.clock.stop(minute.Add(time.Minute))
	soon("10×1 203.0.113.7, 1×3 203.0.113.7, 1×15 203.0.113.7, 2×1 203.0.113.8")
	flood(1, "203.0.113.7")
	soon("11×1 203.0.113.7, 1×3 203.0.113.7, 1×15 203.0.113.7, 2×1 203.0.113.8")
}

// TestAuditIsSavedAtTheEnd: a server that is stopped saves the refusals that it has counted.
func TestAuditIsSavedAtTheEnd(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	for range 17 {
		p.send("POST", "/api/v1/sessions/create", b64(`{"unknown":1}`), "Content-Type", "text/plain")
	}
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	check(t, p.ended(busyLimit))
	var sum int
	check(t, p.pool.QueryRow(t.Context(), "SELECT sum(count) FROM audit_events WHERE status = 'missing-param'").Scan(&sum))
	if rows := p.count("audit_events WHERE status = 'missing-param'"); sum != 17 || rows > 12 {
		t.Errorf("%d events stand for %d refusals", rows, sum)
	}
}

// TestAuditStays has a row per statement: events can only be added.
func TestAuditStays(t *testing.T) {
	t.Parallel()
	e := start(t)
	ada, grace := e.userID(e.user(person{})), e.userID(e.user(person{}))
	e.exec(`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, ip, user_agent) VALUES
		(now() - interval '10 days', 'a', 's', $1, $2, '203.0.113.7', 'Mark I'), (now(), 'b', 's', NULL, $1, '203.0.113.7', 'Mark I'),
		(now(), 'c', 's', $2, $2, '203.0.113.7', 'Mark I'), (now(), 'd', 's', $1, NULL, '', 'Mark I')`, ada, grace)
	e.exec("INSERT INTO audit_events (created_at, operation, status) SELECT now(), 'e', 's' FROM generate_series(1, 3)")
	for _, row := range []struct {
		setting, statement string
		works              bool
	}{
		{"", "DELETE FROM audit_events", false},
		{"", "DELETE FROM audit_events WHERE false", false},
		{"", "TRUNCATE audit_events", false},
		{"clean-up", "TRUNCATE audit_events", false},
		{"", "UPDATE audit_events SET ip = ''", false},
		{"clean-up", "UPDATE audit_events SET ip = ''", false},
		{"forget", "DELETE FROM audit_events", false},
		{"forget", "UPDATE audit_events SET operation = 'x'", false},
		{"forget", "UPDATE audit_events SET ip = '203.0.113.8'", false},
		{"forget", "UPDATE audit_events SET ip = '', user_agent = '', count = 2", false},
		{"forget", "UPDATE audit_events SET ip = '', user_agent = ''", true},
		{"clean-up", "DELETE FROM audit_events", true},
	} {
		tx, err := e.pool.Begin(t.Context())
		check(t, err)
		_, err = tx.Exec(t.Context(), "SELECT set_config('planoauth.audit', $1, true)", row.setting)
		check(t, err)
		if _, err = tx.Exec(t.Context(), row.statement); (err == nil) != row.works {
			t.Errorf("%s with the setting %q: %v", row.statement, row.setting, err)
		}
		check(t, tx.Rollback(context.Background()))
	}
	e.exec("SELECT forget_in_audit_events($1)", ada)
	if e.count("audit_events WHERE operation IN ('a', 'b', 'd') AND ip = '' AND user_agent = ''") != 3 || e.count("audit_events WHERE operation = 'c' AND ip = '203.0.113.7' AND user_agent = 'Mark I'") != 1 {
		t.Error("the address and the browser of one person are not gone, or those of another are")
	}
	if e.count("audit_events WHERE actor_id = $1 OR subject_id = $1", ada) != 3 {
		t.Error("the ids are gone")
	}
	if _, err := e.pool.Exec(t.Context(), "DELETE FROM audit_events"); err == nil {
		t.Error("after forgetting, events can be deleted")
	}
}

// TestAuditForgetsTheDeleted: refusals that were waiting when their user was deleted are saved without address and
// browser.
func TestAuditForgetsTheDeleted(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.stop(time.Now().Truncate(time.Minute))
	email := e.user(person{client: true})
	for range 12 {
		e.send("POST", "/api/v1/sessions/create", b64(fmt.Sprintf(`{"email":%q,"password":"wrong","application":"planoorder"}`, email)), "Content-Type", "text/plain")
	}
	e.exec("DELETE FROM users WHERE email = $1", email)
	e.clock.move(time.Minute)
	e.clock.stop(e.clock.now().Add(time.Minute))
	e.within(busyLimit, "the count is saved", func() bool { return e.count("audit_events WHERE count = 2") == 1 })
	if e.count("audit_events WHERE count = 2 AND ip = '' AND user_agent = '' AND subject_id IS NOT NULL") != 1 {
		t.Error("the event of a deleted user has an address")
	}
}

// TestAuditIsCleanedUp: more events than one statement deletes go at once, and none where AUDIT_DAYS is 0.
func TestAuditIsCleanedUp(t *testing.T) {
	t.Parallel()
	for days, left := range map[int]int{0: 2501, 30: 1} {
		e := start(t, withSettings(func(s *impl.Settings) { s.AuditDays = days }))
		e.firstCleanUp()
		e.exec("INSERT INTO audit_events (created_at, operation, status) SELECT now() - interval '31 days', 'old', 's' FROM generate_series(1, 2500)")
		e.exec("INSERT INTO audit_events (created_at, operation, status) SELECT now() - interval '29 days', 'old', 's'")
		e.cleanUp(busyLimit)
		if n := e.count("audit_events WHERE operation = 'old'"); n != left {
			t.Errorf("with AUDIT_DAYS=%d %d events are left", days, n)
		}
	}
}

// TestAuditEventsIndex has a row per param, with the operations that it finds, the newest first.
func TestAuditEventsIndex(t *testing.T) {
	t.Parallel()
	e := start(t)
	support := client.WithToken(e.employee("support"))
	ada, grace := e.userID(e.user(person{email: "ada.lovelace@example.com"})), e.userID(e.user(person{email: "Grace@Example.org"}))
	const gone = 1_000_000
	e.exec(`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, request_id, actor_application, command, administration)
		SELECT now() - interval '1 year' + n * interval '1 minute', operation, status, actor, subject, CASE WHEN request <> '' THEN rpad(request, 26, 'Z') ELSE '' END, app, command, administration FROM (VALUES
		(1, 'employee add', 'action-successful', NULL, $2::bigint, '', '', true, false),
		(2, 'clientsRegister', 'action-successful', $1, $1, 'AAAABBBB', '', false, false),
		(3, 'sessionsCreate', 'invalid-password', NULL, $1, 'AAAACCCC', '', false, false),
		(4, 'sessionsCreate', 'client-required', $2, $2, 'DDDD', '', false, false),
		(5, 'sessionsCreate', 'action-successful', NULL, $1, 'EEEE_5', 'planoorder', false, false),
		(6, 'usersUpdate', 'action-successful', $1, $1, 'FFFF', '', false, false),
		(7, 'peopleRead', 'action-successful', $2, $1, 'GGGG', '', false, true),
		(8, 'companiesCreate', 'permission-denied', $1, NULL, 'HHHH', '', false, true),
		(9, 'notificationsUpdate', 'action-successful', $2, NULL, 'IIII', '', false, true),
		(10, 'clientsCreate', 'action-successful', $2, $3, 'JJJJ', '', false, true),
		(11, 'sessionsDelete', 'action-successful', $1, $1, 'KKKK', '', false, false)
		) AS v (n, operation, status, actor, subject, request, app, command, administration)`, ada, grace, gone)
	type params = client.AuditEventsIndexParams
	search := func(term string, attributes ...client.AuditEventsIndexSearchAttributes) params {
		return params{Search: client.AuditEventsIndexSearch{Term: term, Attributes: attributes}, View: client.Minimal}
	}
	of := func(p params, change func(*params)) params { change(&p); return p }
	rows := []listRow[params]{
		{"a user as actor or subject", params{UserID: ada}, "sessionsDelete companiesCreate peopleRead usersUpdate sessionsCreate sessionsCreate clientsRegister"},
		{"a user who was deleted", params{UserID: gone}, "clientsCreate"},
		{"a user whom nobody knows", params{UserID: 77_777}, ""},
		{"an operation", params{Operation: "sessionsCreate", UserID: grace}, "sessionsCreate"},
		{"a verb", params{Operation: "employee add", UserID: grace}, "employee_add"},
		{"an unknown operation", params{Operation: "nothing"}, ""},
		{"a status", params{Status: "invalid-password"}, "sessionsCreate"},
		{"success, of a user", params{Status: "action-successful", UserID: gone}, "clientsCreate"},
		{"what makes or ends a session", params{Filters: []client.AuditEventsIndexParamsFilters{"sign_ins"}}, "sessionsCreate sessionsDelete sessionsCreate sessionsCreate sessionsCreate clientsRegister"}, // the newest is of this test
		{"refusals", params{Filters: []client.AuditEventsIndexParamsFilters{"refused"}}, "companiesCreate sessionsCreate sessionsCreate"},
		{"refused sign-ins", params{Filters: []client.AuditEventsIndexParamsFilters{"refused", "sign_ins"}}, "sessionsCreate sessionsCreate"},
		{"changes", params{Filters: []client.AuditEventsIndexParamsFilters{"changes"}, UserID: grace}, "clientsCreate notificationsUpdate employee_add"},
		{"administration", params{Filters: []client.AuditEventsIndexParamsFilters{"administration"}, Status: "action-successful", UserID: ada}, "peopleRead"},
		{"all administration of a user", params{Filters: []client.AuditEventsIndexParamsFilters{"administration"}, UserID: grace}, "clientsCreate notificationsUpdate peopleRead"},
		{"an address", search("LOVELACE@example"), "sessionsDelete companiesCreate peopleRead usersUpdate sessionsCreate sessionsCreate clientsRegister"},
		{"an address of two characters", search("gr"), "clientsCreate notificationsUpdate peopleRead sessionsCreate employee_add"},
		{"two characters in the middle", search("ce"), ""},
		{"the beginning of a request id", search("aaaa"), "sessionsCreate clientsRegister"},
		{"a whole request id", search("AAAACCCC" + strings.Repeat("Z", 18)), "sessionsCreate"},
		{"two characters of a request id", search("AA"), ""},
		{"an underscore is one", search("EEEE_"), "sessionsCreate"},
		{"which matches nothing else", search("EEE_"), ""},
		{"a request id among addresses", search("aaaa", "email"), ""},
		{"an address among request ids", search("lovelace", "request_id"), ""},
		{"an address and a user", of(search("grace@"), func(p *params) { p.UserID = ada }), "peopleRead"},
		{"a request id and a user", of(search("GGGG"), func(p *params) { p.UserID = ada }), "peopleRead"},
		{"the oldest first", params{UserID: ada, Sort: client.AuditEventsIndexSort{Order: "asc"}}, "clientsRegister sessionsCreate sessionsCreate usersUpdate peopleRead companiesCreate sessionsDelete"},
	}
	ask := func(p params, page client.ListPage) (list[client.AuditEvent], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.AuditEventsIndexActionSuccessful](e.api.AuditEventsIndex(t.Context(), p, support))
		return list[client.AuditEvent]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}
	name := func(event client.AuditEvent) string { return strings.ReplaceAll(event.Operation, " ", "_") }
	checkList(t, rows, ask, name)
	// More users than are looked up match: each event is checked.
	e.exec("INSERT INTO users (email) SELECT 'lovelace' || n || '@example.com' FROM generate_series(1, 1001) n")
	checkList(t, []listRow[params]{
		{"an address of many", search("lovelace"), "sessionsDelete companiesCreate peopleRead usersUpdate sessionsCreate sessionsCreate clientsRegister"},
		{"an address of many, and a user", of(search("lovelace"), func(p *params) { p.UserID = grace }), "peopleRead"},
	}, ask, name)
}

// TestAuditEventViews shows an event in each view.
func TestAuditEventViews(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.employee("support")
	email := e.user(person{client: true})
	ada := e.userID(email)
	e.exec(`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, application, request_id, ip, user_agent, changed, actor_application, command) VALUES
		('2026-11-22T10:38:11.123Z', 'usersUpdate', 'action-successful', $1, $1, 'planoorder', repeat('A', 26), '203.0.113.7', 'Mark I', '{phone}', '', false),
		('2026-11-22T10:38:10Z', 'sessionsMagicLinkCreate', 'action-successful', NULL, 77777, 'planoorder', repeat('B', 26), '203.0.113.7', 'Mark I', '{}', 'planoorder', false),
		('2026-11-22T10:38:09Z', 'company add', 'action-successful', NULL, NULL, '', '', '', '', '{}', '', true)`, ada)
	id := func(n int) string {
		var id int64
		check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM audit_events WHERE created_at < '2026-11-23' ORDER BY id OFFSET $1 LIMIT 1", n).Scan(&id))
		return fmt.Sprint(id)
	}
	for _, row := range []struct{ view, operation, want string }{
		{"minimal", "usersUpdate", `{"created_at":"2026-11-22T10:38:11.123Z","id":` + id(0) + `,"operation":"usersUpdate","status":"action-successful"}`},
		{"default", "usersUpdate", fmt.Sprintf(`{"actor":{"email":%[1]q,"email_verified":false,"id":%[2]d},"application":"planoorder","count":1,"created_at":"2026-11-22T10:38:11.123Z","id":%[3]s,"operation":"usersUpdate","request_id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","status":"action-successful","subject":{"email":%[1]q,"email_verified":false,"id":%[2]d}}`, email, ada, id(0))},
		{"full", "usersUpdate", fmt.Sprintf(`{"actor":{"email":%[1]q,"email_verified":false,"id":%[2]d},"application":"planoorder","changed":["phone"],"count":1,"created_at":"2026-11-22T10:38:11.123Z","id":%[3]s,"ip":"203.0.113.7","operation":"usersUpdate","request_id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","status":"action-successful","subject":{"email":%[1]q,"email_verified":false,"id":%[2]d},"user_agent":"Mark I"}`, email, ada, id(0))},
		{"full", "sessionsMagicLinkCreate", `{"actor":{"application":"planoorder"},"application":"planoorder","changed":[],"count":1,"created_at":"2026-11-22T10:38:10.000Z","id":` + id(1) + `,"ip":"203.0.113.7","operation":"sessionsMagicLinkCreate","request_id":"BBBBBBBBBBBBBBBBBBBBBBBBBB","status":"action-successful","subject":{"id":77777},"user_agent":"Mark I"}`},
		{"full", "company add", `{"actor":{"command":true},"changed":[],"count":1,"created_at":"2026-11-22T10:38:09.000Z","id":` + id(2) + `,"operation":"company add","status":"action-successful"}`},
	} {
		a := e.send("POST", "/api/v1/audit_events/index", []byte(fmt.Sprintf(`{"view":%q,"operation":%q}`, row.view, row.operation)), append(bearer(token), "Content-Type", "application/json")...)
		data, _ := a.body["data"].(map[string]any)
		results, _ := data["results"].([]any)
		if len(results) != 1 {
			t.Fatalf("the answer is %s", a.text)
		}
		if text, _ := json.Marshal(results[0]); string(text) != row.want {
			t.Errorf("%s of %s:\nwant %s\nhave %s", row.view, row.operation, row.want, text)
		}
	}
}
