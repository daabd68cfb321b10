package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// recordKind is a kind of record that employees make and change. Create answers the slug, what is wrong with the
// params, and the id of the record.
type recordKind struct {
	table, already, app string
	create              func(e *env, token client.RequestEditorFn, email, firstName string, invite *bool) (client.Outcome, error)
}

var recordKinds = []recordKind{
	{"employees", "email-already-employee", "planoauth", func(e *env, token client.RequestEditorFn, email, firstName string, invite *bool) (client.Outcome, error) {
		return e.api.EmployeesCreate(e.t.Context(), client.EmployeesCreateParams{Email: email, FirstName: firstName, Access: "viewer", Invite: invite}, token)
	}},
	{"liaisons", "email-already-liaison", "planoauth", func(e *env, token client.RequestEditorFn, email, firstName string, invite *bool) (client.Outcome, error) {
		return e.api.LiaisonsCreate(e.t.Context(), client.LiaisonsCreateParams{Email: email, FirstName: firstName, Invite: invite}, token)
	}},
	{"clients", "email-already-client", "planoorder", func(e *env, token client.RequestEditorFn, email, firstName string, invite *bool) (client.Outcome, error) {
		p := client.ClientsCreateParams{Application: "planoorder", Invite: invite}
		p.Client.Email, p.Client.FirstName, p.Client.LastName = email, firstName, "Hopper"
		return e.api.ClientsCreate(e.t.Context(), p, token)
	}},
}

// TestCreateRecords makes records of each kind for people in each state.
func TestCreateRecords(t *testing.T) {
	t.Parallel()
	const proven, unproven = "UPDATE users SET email_verified_at = now() WHERE email = $1", "SELECT $1::text"
	rows := []struct {
		name      string
		person    person // without an address: nobody has it
		state     string
		firstName string
		invite    *bool
		mandrill  string
		caller    string // the access
		want      string // "already" and "existing" differ from kind to kind
		mail      string // its kind
	}{
		{"a new address", person{}, "", "Grace", nil, "", "admin", "action-successful", "invitation"},
		{"a new address, without an invitation", person{}, "", "Grace", new(false), "", "admin", "action-successful", ""},
		{"a new address while Mandrill is down", person{}, "", "Grace", nil, "down", "admin", "mandrill-email-failed", "invitation"},
		{"a new address and a name with a URL", person{}, "", "www.evil.example", nil, "", "admin", "url", ""},
		{"a user with a verified address", person{email: "ada@example.com"}, proven, "Grace", nil, "", "admin", "existing", "new_record"},
		{"a user, who is not told", person{email: "ada@example.com"}, proven, "Grace", new(false), "", "admin", "existing", ""},
		{"a user while Mandrill is down", person{email: "ada@example.com"}, proven, "Grace", nil, "down", "admin", "mandrill-email-failed", "new_record"},
		{"a user with a password, never verified", person{email: "ada@example.com"}, unproven, "Grace", nil, "", "admin", "email-unverified", ""},
		{"a user with Google, never verified", person{email: "ada@example.com", noPassword: true}, "UPDATE users SET google_subject = 'g' WHERE email = $1", "Grace", nil, "", "admin", "email-unverified", ""},
		{"a user whom nobody can sign in as", person{email: "ada@example.com", noPassword: true}, unproven, "Grace", nil, "", "admin", "existing", "new_record"},
		{"such a record, which is judged before the address", person{email: "ada@example.com", client: true, employee: true, liaison: true}, unproven, "Grace", nil, "", "admin", "already", ""},
		{"such a record that is not active", person{email: "ada@example.com", client: true, employee: true, liaison: true, inactive: true}, proven, "Grace", nil, "", "admin", "already", ""},
		{"a user with access, by support", person{email: "ada@example.com", access: "viewer"}, proven, "Grace", nil, "", "support", "permission-denied", ""},
		{"a caller with too little access", person{}, "", "Grace", nil, "", "viewer", "permission-denied", ""},
	}
	for _, kind := range recordKinds {
		t.Run(kind.table, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			callers := map[string]client.RequestEditorFn{}
			for _, access := range []string{"viewer", "support", "admin"} {
				callers[access] = client.WithToken(e.employee(access))
			}
			for _, row := range rows {
				email := "new@example.com"
				if row.person.email != "" {
					email = e.user(row.person)
					e.exec(row.state, email)
				}
				e.mandrill.be(row.mandrill)
				before := e.count(kind.table)
				outcome, err := kind.create(e, callers[row.caller], strings.ToUpper(email), row.firstName, row.invite)
				check(t, err)
				if want := kind.slug(row.want); outcome.Slug() != want {
					t.Errorf("%s: want %s, have %+v", row.name, want, outcome)
				}
				made := map[bool]int{true: 1}[row.want == "action-successful" || row.want == "existing" || row.want == "mandrill-email-failed"]
				if n := e.count(kind.table) - before; n != made {
					t.Errorf("%s: %d records were made", row.name, n)
				}
				if row.person.email != "" && e.count("users WHERE email = $1 AND first_name = 'Ada' AND last_name = 'Lovelace'", email) != 1 {
					t.Errorf("%s: the user has another name", row.name)
				}
				if row.person.email == "" && e.count("users WHERE email = $1 AND first_name = 'Grace' AND password_hash IS NULL AND email_verified_at IS NULL", email) != made {
					t.Errorf("%s: the user is not new, or not as wanted", row.name)
				}
				if e.count("mails WHERE to_email = $1", email) != e.count("mails WHERE to_email = $1 AND kind = $2", email, row.mail) ||
					(row.mail != "") != (e.count("mails WHERE to_email = $1", email) == 1) {
					t.Errorf("%s: the mails are others than %s", row.name, row.mail)
				}
				if row.mail == "invitation" && e.count("links l JOIN applications a ON a.id = application_id WHERE kind = 'invitation' AND slug = $1", kind.app) != 1 {
					t.Errorf("%s: there is no invitation of %s", row.name, kind.app)
				}
				if e.count("audit_events a JOIN users u ON u.id = subject_id WHERE u.email = $1 AND a.status IN ('action-successful', 'client-created-for-existing-email')", email) != made {
					t.Errorf("%s: the audit events are not those of the change", row.name)
				}
				e.exec("DELETE FROM mails")
				e.exec("DELETE FROM users WHERE email = $1", email)
			}
			own := e.user(person{access: "admin"})
			outcome, err := kind.create(e, client.WithToken(e.session(own, "planoauth")), own, "Grace", nil)
			check(t, err)
			if refused, ok := outcome.(client.InvalidParam); !ok || !strings.HasSuffix(errorsOf(refused.Errors), "email allowed") {
				t.Errorf("a record of one's own: %+v", outcome)
			}
		})
	}
}

// slug returns the slug of this kind for a row of TestCreateRecords.
func (k *recordKind) slug(want string) string {
	clients := k.table == "clients"
	switch {
	case want == "already":
		return k.already
	case want == "existing" && clients:
		return "client-created-for-existing-email"
	case want == "existing":
		return "action-successful"
	case want == "url" && clients:
		return "client-validation-failed"
	case want == "url":
		return "invalid-param"
	}
	return want
}

// TestRaceToCreateRecords: of ten attempts at once to make somebody something, one does.
func TestRaceToCreateRecords(t *testing.T) {
	t.Parallel()
	for _, kind := range recordKinds {
		t.Run(kind.table, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			token := client.WithToken(e.employee("admin"))
			before := e.count(kind.table)
			seen := atOnce(t, 10, func(int) (client.Outcome, error) { return kind.create(e, token, "grace@example.com", "Grace", nil) })
			if seen["action-successful"] != 1 || seen[kind.already] != 9 || e.count(kind.table) != before+1 || e.count("users WHERE email = 'grace@example.com'") != 1 {
				t.Errorf("the outcomes are %v", seen)
			}
		})
	}
}

func TestEmployees(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := client.WithToken(e.employee("admin"))
	made := want[client.EmployeesCreateActionSuccessful](e.api.EmployeesCreate(t.Context(), client.EmployeesCreateParams{Email: "Grace@example.com", FirstName: "Grace", View: client.Full}, token))(t).Data
	if made.Email != "grace@example.com" || made.FirstName != "Grace" || made.Access != "none" || !made.Active || made.User.Email != made.Email || made.CreatedAt.IsZero() {
		t.Errorf("the new employee is %+v", made)
	}
	session := e.session("grace@example.com", "planoauth")
	rows := []struct {
		name   string
		params client.EmployeesUpdateParams
		want   string
		access client.Access
		active bool
		reads  string // what the session of the employee is answered then
	}{
		{"nothing", client.EmployeesUpdateParams{ID: made.ID}, "action-successful", "none", true, "permission-denied"},
		{"access", client.EmployeesUpdateParams{ID: made.ID, Access: new(client.Access("viewer"))}, "action-successful", "viewer", true, "action-successful"},
		{"inactive", client.EmployeesUpdateParams{ID: made.ID, Active: new(false)}, "action-successful", "viewer", false, "invalid-token"},
		{"both", client.EmployeesUpdateParams{ID: made.ID, Active: new(true), Access: new(client.Access("admin"))}, "action-successful", "admin", true, "action-successful"},
		{"no such access", client.EmployeesUpdateParams{ID: made.ID, Access: new(client.Access("boss"))}, "invalid-param", "admin", true, "action-successful"},
		{"an unknown id", client.EmployeesUpdateParams{ID: 777, Access: new(client.Access("none"))}, "invalid-param", "admin", true, "action-successful"},
		{"the access of oneself", client.EmployeesUpdateParams{ID: 1, Access: new(client.Access("viewer"))}, "invalid-param", "admin", true, "action-successful"},
		{"nothing of oneself", client.EmployeesUpdateParams{ID: 1}, "invalid-param", "admin", true, "action-successful"},
		{"lower access", client.EmployeesUpdateParams{ID: made.ID, Access: new(client.Access("none"))}, "action-successful", "none", true, "permission-denied"},
	}
	for _, row := range rows {
		outcome, err := e.api.EmployeesUpdate(t.Context(), row.params, token)
		check(t, err)
		if outcome.Slug() != row.want {
			t.Errorf("%s: want %s, have %+v", row.name, row.want, outcome)
		}
		read := want[client.EmployeesReadActionSuccessful](e.api.EmployeesRead(t.Context(), client.EmployeesReadParams{ID: made.ID}, token))(t).Data
		if read.Access != row.access || read.Active != row.active || read.FirstName != "Grace" {
			t.Errorf("%s: the employee is %+v", row.name, read)
		}
		listed, err := e.api.EmployeesIndex(t.Context(), client.EmployeesIndexParams{}, client.WithToken(session))
		check(t, err)
		if listed.Slug() != row.reads {
			t.Errorf("%s: the employee lists employees: want %s, have %+v", row.name, row.reads, listed)
		}
	}
	want[client.InvalidParam](e.api.EmployeesRead(t.Context(), client.EmployeesReadParams{ID: 777}, token))(t)
	support := client.WithToken(e.employee("support"))
	want[client.PermissionDenied](e.api.EmployeesUpdate(t.Context(), client.EmployeesUpdateParams{ID: 777}, support))(t)
}

// TestLastAdmin: admins who lower each other at once leave one, who is not suspended.
func TestLastAdmin(t *testing.T) {
	t.Parallel()
	e := start(t)
	const admins = "employees e JOIN users u ON u.id = user_id WHERE e.active AND e.access = 'admin' AND NOT u.suspended"
	const waiting = "pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	rows := []client.EmployeesUpdateParams{{Access: new(client.Access("support"))}, {Active: new(false)}}
	for _, row := range rows {
		for range 3 {
			e.exec("DELETE FROM users")
			emails := []string{e.user(person{access: "admin"}), e.user(person{access: "admin"})}
			e.exec("UPDATE users SET suspended = true WHERE email = $1", e.user(person{access: "admin"}))
			var tokens []client.RequestEditorFn
			var ids []int64
			for _, email := range emails {
				var id int64
				check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM employees WHERE user_id = $1", e.userID(email)).Scan(&id))
				tokens, ids = append(tokens, client.WithToken(e.session(email, "planoauth"))), append(ids, id)
			}
			held, err := e.pool.Begin(t.Context())
			check(t, err)
			_, err = held.Exec(t.Context(), "SELECT pg_advisory_xact_lock(hashtext('employees.admins'))")
			check(t, err)
			answered := make(chan map[string]int)
			go func() {
				answered <- atOnce(t, 2, func(i int) (client.Outcome, error) {
					p := row
					p.ID = ids[1-i]
					return e.api.EmployeesUpdate(t.Context(), p, tokens[i])
				})
			}()
			// Both have passed step 9 before either changes anything.
			e.within(busyLimit, "both wait", func() bool { return e.count(waiting) == 2 })
			check(t, held.Commit(t.Context()))
			seen := <-answered
			if seen["action-successful"] != 1 || seen["invalid-param"] != 1 || e.count(admins) != 1 {
				t.Errorf("the outcomes are %v, and there are %d admins", seen, e.count(admins))
			}
		}
	}
	// One who is suspended does not count, and may be lowered by the last one.
	var suspended int64
	check(t, e.pool.QueryRow(t.Context(), "SELECT e.id FROM employees e JOIN users u ON u.id = user_id WHERE u.suspended").Scan(&suspended))
	var last string
	check(t, e.pool.QueryRow(t.Context(), "SELECT email FROM "+admins).Scan(&last))
	_, err := client.Only[client.EmployeesUpdateActionSuccessful](e.api.EmployeesUpdate(t.Context(),
		client.EmployeesUpdateParams{ID: suspended, Access: new(client.Access("none"))}, client.WithToken(e.session(last, "planoauth"))))
	check(t, err)
}

func TestLiaisons(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := client.WithToken(e.employee("support"))
	made := want[client.LiaisonsCreateActionSuccessful](e.api.LiaisonsCreate(t.Context(), client.LiaisonsCreateParams{Email: "grace@example.com", LastName: "Hopper"}, token))(t).Data
	if made.Email != "grace@example.com" || made.LastName != "Hopper" || made.FirstName != "" || !made.Active || made.User.ID != 0 {
		t.Errorf("the new liaison is %+v", made)
	}
	for _, active := range []bool{false, true} {
		changed := want[client.LiaisonsUpdateActionSuccessful](e.api.LiaisonsUpdate(t.Context(), client.LiaisonsUpdateParams{ID: made.ID, Active: &active}, token))(t).Data
		read := want[client.LiaisonsReadActionSuccessful](e.api.LiaisonsRead(t.Context(), client.LiaisonsReadParams{ID: made.ID, View: client.Full}, token))(t).Data
		if changed.Active != active || read.Active != active || read.User.ID != e.userID("grace@example.com") {
			t.Errorf("the changed liaison is %+v", read)
		}
	}
	want[client.InvalidParam](e.api.LiaisonsRead(t.Context(), client.LiaisonsReadParams{ID: 777}, token))(t)
	want[client.InvalidParam](e.api.LiaisonsUpdate(t.Context(), client.LiaisonsUpdateParams{ID: 777}, token))(t)
	e.exec("INSERT INTO employees (user_id, access) VALUES ($1, 'viewer')", e.userID("grace@example.com"))
	want[client.PermissionDenied](e.api.LiaisonsUpdate(t.Context(), client.LiaisonsUpdateParams{ID: made.ID, Active: new(false)}, token))(t)
	if n := e.count("audit_events WHERE operation = 'liaisonsUpdate' AND subject_id = $1 AND status = 'action-successful'", e.userID("grace@example.com")); n != 2 {
		t.Errorf("there are %d audit events of changes, not 2", n)
	}
}

func TestClientsCreate(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("INSERT INTO companies (name, active) VALUES ('Eckert-Mauchly', true), ('Remington Rand', false)", "UPDATE applications SET admits = '{employee}' WHERE slug = 'planoauth'"))
	token := client.WithToken(e.employee("support"))
	rows := []struct {
		name   string
		change func(*client.ClientsCreateParams)
		want   string // a slug, or what is wrong
	}{
		{"a phone number and a company", func(p *client.ClientsCreateParams) {
			p.Client.Phone, p.Client.CompanyID, p.Enterprise = "212 555 2368", 1, true
		}, "action-successful"},
		{"an enterprise", func(p *client.ClientsCreateParams) { p.Client.CompanyName, p.Enterprise = "Rand", true }, "action-successful"},
		{"an unknown application", func(p *client.ClientsCreateParams) { p.Application = "planonothing" }, "application exists"},
		{"an application for employees", func(p *client.ClientsCreateParams) { p.Application = "planoauth" }, "application allowed"},
		{"an unknown company", func(p *client.ClientsCreateParams) { p.Client.CompanyID = 77 }, "client.company_id exists"},
		{"an inactive company", func(p *client.ClientsCreateParams) { p.Client.CompanyID = 2 }, "client.company_id active"},
		{"a phone number that cannot exist", func(p *client.ClientsCreateParams) { p.Client.Phone = "1" }, "client.phone possible"},
	}
	for i, row := range rows {
		p := client.ClientsCreateParams{Application: "planoorder"}
		p.Client.Email, p.Client.FirstName, p.Client.LastName = fmt.Sprintf("new%d@example.com", i), "Grace", "Hopper"
		row.change(&p)
		outcome, err := e.api.ClientsCreate(t.Context(), p, token)
		check(t, err)
		got := outcome.Slug()
		switch outcome := outcome.(type) {
		case client.InvalidParam:
			got = errorsOf(outcome.Errors)
		case client.ClientValidationFailed:
			got = errorsOf(outcome.Errors)
		}
		if got != row.want || (e.count("users WHERE email = $1", p.Client.Email) == 1) != (row.want == "action-successful") {
			t.Errorf("%s: want %s, have %s", row.name, row.want, got)
		}
	}
	const created = "clients c JOIN users u ON u.id = user_id WHERE c.active AND NOT company_confirmed AND email = $1 AND "
	if e.count(created+"phone = '+12125552368' AND company_id = 1 AND NOT enterprise", "new0@example.com") != 1 ||
		e.count(created+"company_id IS NULL AND company_name = 'Rand' AND enterprise", "new1@example.com") != 1 {
		t.Error("the clients are not as they should be")
	}
}

func TestClientsUpdate(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("INSERT INTO companies (name, active) VALUES ('Eckert-Mauchly', true), ('Remington Rand', true), ('Closed', false)"))
	token := client.WithToken(e.employee("support"))
	email := e.user(person{client: true})
	session := e.signIn(email)
	var id int64
	check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM clients WHERE user_id = $1", e.userID(email)).Scan(&id))
	type params = client.ClientsUpdateParams
	verify := func() { e.exec("UPDATE users SET email_verified_at = now() WHERE email = $1", email) }
	rows := []struct {
		name   string
		before func()
		params params
		want   string // a slug, or what is wrong
		after  string // name, phone, company, its name, confirmed, enterprise, active
	}{
		{"nothing", nil, params{}, "action-successful", "Ada  0  false false true"},
		{"a name and a phone number", nil, params{FirstName: new("Grace"), Phone: new("212 555 2368")}, "action-successful", "Grace +12125552368 0  false false true"},
		{"a name with a URL", nil, params{FirstName: new("www.evil.example")}, "first_name no_url", "Grace +12125552368 0  false false true"},
		{"an empty name", nil, params{FirstName: new("")}, "first_name minLength, first_name pattern", "Grace +12125552368 0  false false true"},
		{"a phone number that cannot exist", nil, params{Phone: new("1"), FirstName: new("Jean")}, "phone possible", "Grace +12125552368 0  false false true"},
		{"no phone number", nil, params{Phone: new("")}, "action-successful", "Grace  0  false false true"},
		{"an enterprise", nil, params{Enterprise: new(true), CompanyName: new("Rand")}, "action-successful", "Grace  0 Rand false true true"},
		{"a company", nil, params{CompanyID: new(int64(1))}, "action-successful", "Grace  1 Rand false false true"},
		{"an enterprise that has a company", nil, params{Enterprise: new(true)}, "action-successful", "Grace  1 Rand false false true"},
		{"no name of a company", nil, params{CompanyName: new("")}, "action-successful", "Grace  1  false false true"},
		{"a company confirmed before the address is verified", nil, params{CompanyConfirmed: new(true)}, "email-unverified", "Grace  1  false false true"},
		{"a company confirmed", verify, params{CompanyConfirmed: new(true)}, "action-successful", "Grace  1  true false true"},
		{"the same company", nil, params{CompanyID: new(int64(1))}, "action-successful", "Grace  1  true false true"},
		{"another company", nil, params{CompanyID: new(int64(2))}, "action-successful", "Grace  2  false false true"},
		{"another company and confirmed", nil, params{CompanyID: new(int64(1)), CompanyConfirmed: new(true)}, "action-successful", "Grace  1  true false true"},
		{"an unknown company", nil, params{CompanyID: new(int64(77))}, "company_id exists", "Grace  1  true false true"},
		{"an inactive company", nil, params{CompanyID: new(int64(3))}, "company_id active", "Grace  1  true false true"},
		{"no company", nil, params{CompanyID: new(int64(0))}, "action-successful", "Grace  0  false false true"},
		{"inactive", nil, params{Active: new(false)}, "action-successful", "Grace  0  false false false"},
	}
	for _, row := range rows {
		if row.before != nil {
			row.before()
		}
		row.params.ID = id
		outcome, err := e.api.ClientsUpdate(t.Context(), row.params, token)
		check(t, err)
		got := outcome.Slug()
		switch outcome := outcome.(type) {
		case client.InvalidParam:
			got = errorsOf(outcome.Errors)
		case client.ClientValidationFailed:
			got = errorsOf(outcome.Errors)
		}
		if got != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, got)
		}
		c := want[client.ClientsReadActionSuccessful](e.api.ClientsRead(t.Context(), client.ClientsReadParams{ID: id}, token))(t).Data
		after := fmt.Sprint(c.FirstName, " ", c.Phone, " ", c.CompanyID, " ", c.CompanyName, " ", c.CompanyConfirmed, " ", c.Enterprise, " ", c.Active)
		if after != row.after {
			t.Errorf("%s: want %q, have %q", row.name, row.after, after)
		}
	}
	if got := e.readAs("", session); got != "invalid-token" {
		t.Errorf("the session of an inactive client answers %s", got)
	}
	want[client.InvalidParam](e.api.ClientsUpdate(t.Context(), params{ID: 777}, token))(t)
	want[client.InvalidParam](e.api.ClientsRead(t.Context(), client.ClientsReadParams{ID: 777}, token))(t)
}

// TestRecordLists lists records of each kind.
func TestRecordLists(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("INSERT INTO companies (name) VALUES ('Eckert-Mauchly')"))
	token := client.WithToken(e.employee("viewer"))
	e.exec("DELETE FROM clients")
	e.exec("UPDATE employees SET created_at = now() - interval '9 days'")
	viewer := e.count("employees")
	e.exec(`WITH made AS (INSERT INTO users (email, first_name, last_name) SELECT name || '@example.com', initcap(name), 'Hopper' FROM unnest('{delta,alpha,beta,gamma}'::text[]) AS l (name) RETURNING id, email),
		rows AS (SELECT id, now() - row_number() OVER () * interval '1 day' AS created_at, email ^@ 'beta' AS beta FROM made),
		c AS (INSERT INTO clients (user_id, created_at, active, company_id, company_confirmed, company_name, enterprise)
			SELECT id, created_at, NOT beta, 1, beta, CASE WHEN beta THEN 'Rand 50%' ELSE '' END, false FROM rows),
		e AS (INSERT INTO employees (user_id, created_at, active, access) SELECT id, created_at, NOT beta, CASE WHEN beta THEN 'admin' ELSE 'none' END FROM rows)
		INSERT INTO liaisons (user_id, created_at, active) SELECT id, created_at, NOT beta FROM rows`)
	if viewer != 1 {
		t.Fatalf("there are %d employees", viewer)
	}
	e.exec("UPDATE users SET email = 'zeta@example.com', last_name = 'Byron' WHERE id = (SELECT user_id FROM employees WHERE access = 'viewer')")
	e.exec("UPDATE clients SET enterprise = true, company_id = NULL WHERE user_id = (SELECT id FROM users WHERE email ^@ 'gamma')")
	name := func(email string) string { return strings.TrimSuffix(email, "@example.com") }
	checkList(t, []listRow[client.ClientsIndexParams]{
		{"the newest first", client.ClientsIndexParams{}, "delta alpha beta gamma"},
		{"by address", client.ClientsIndexParams{Sort: client.ClientsIndexSort{By: "email", Order: "asc"}}, "alpha beta delta gamma"},
		{"inactive ones", client.ClientsIndexParams{Filters: []client.ClientsIndexParamsFilters{"inactive"}}, "beta"},
		{"enterprises", client.ClientsIndexParams{Filters: []client.ClientsIndexParamsFilters{"enterprise"}}, "gamma"},
		{"with an unconfirmed company", client.ClientsIndexParams{Filters: []client.ClientsIndexParamsFilters{"company_unconfirmed"}}, "delta alpha"},
		{"by a name", client.ClientsIndexParams{Search: client.ClientsIndexSearch{Term: "LPHA HOPP"}}, "alpha"},
		{"by the name of a company", client.ClientsIndexParams{Search: client.ClientsIndexSearch{Term: "d 50%"}}, "beta"},
		{"by an address only", client.ClientsIndexParams{Search: client.ClientsIndexSearch{Term: "hopper", Attributes: []client.ClientsIndexSearchAttributes{"email"}}}, ""},
	}, func(p client.ClientsIndexParams, page client.ListPage) (list[client.ClientRecord], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.ClientsIndexActionSuccessful](e.api.ClientsIndex(t.Context(), p, token))
		return list[client.ClientRecord]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(c client.ClientRecord) string { return name(c.Email) })
	checkList(t, []listRow[client.EmployeesIndexParams]{
		{"the newest first", client.EmployeesIndexParams{}, "delta alpha beta gamma zeta"},
		{"by address", client.EmployeesIndexParams{Sort: client.EmployeesIndexSort{By: "email"}}, "zeta gamma delta beta alpha"},
		{"inactive ones", client.EmployeesIndexParams{Filters: []client.EmployeesIndexParamsFilters{"inactive"}}, "beta"},
		{"admins", client.EmployeesIndexParams{Filters: []client.EmployeesIndexParamsFilters{"admin"}}, "beta"},
		{"by a name", client.EmployeesIndexParams{Search: client.EmployeesIndexSearch{Term: "byron"}}, "zeta"},
	}, func(p client.EmployeesIndexParams, page client.ListPage) (list[client.Employee], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.EmployeesIndexActionSuccessful](e.api.EmployeesIndex(t.Context(), p, token))
		return list[client.Employee]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(row client.Employee) string { return name(row.Email) })
	checkList(t, []listRow[client.LiaisonsIndexParams]{
		{"the oldest first", client.LiaisonsIndexParams{Sort: client.LiaisonsIndexSort{Order: "asc"}}, "gamma beta alpha delta"},
		{"by address", client.LiaisonsIndexParams{Sort: client.LiaisonsIndexSort{By: "email", Order: "asc"}}, "alpha beta delta gamma"},
		{"inactive ones", client.LiaisonsIndexParams{Filters: []string{"inactive"}}, "beta"},
		{"by an address", client.LiaisonsIndexParams{Search: client.LiaisonsIndexSearch{Term: "DELTA@"}}, "delta"},
	}, func(p client.LiaisonsIndexParams, page client.ListPage) (list[client.Liaison], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.LiaisonsIndexActionSuccessful](e.api.LiaisonsIndex(t.Context(), p, token))
		return list[client.Liaison]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(row client.Liaison) string { return name(row.Email) })
}
