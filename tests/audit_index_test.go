package tests

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

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
	// More users than are looked up match: each event is checked, or each refusal where these alone are asked for.
	e.exec("INSERT INTO users (email) SELECT 'lovelace.hhhh' || n || '@example.com' FROM generate_series(1, 1001) n")
	refused := func(p *params) { p.Filters = []client.AuditEventsIndexParamsFilters{"refused"} }
	checkList(t, []listRow[params]{
		{"an address of many", search("lovelace"), "sessionsDelete companiesCreate peopleRead usersUpdate sessionsCreate sessionsCreate clientsRegister"},
		{"an address of many, and a user", of(search("lovelace"), func(p *params) { p.UserID = grace }), "peopleRead"},
		{"refusals, by an address of many", of(search("lovelace"), refused), "companiesCreate sessionsCreate"},
		{"a status, by an address of many", of(search("lovelace"), func(p *params) { p.Status = "invalid-password" }), "sessionsCreate"},
		{"refusals, by a request id and addresses of many", of(search("hhhh"), refused), "companiesCreate"},
		{"refusals, by addresses of many alone", of(search("hhhh", "email"), refused), ""},
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
