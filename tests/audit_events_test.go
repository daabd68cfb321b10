package tests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

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
