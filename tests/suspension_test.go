package tests

import (
	"testing"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/password"
)

func TestPeopleUpdate(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		caller string // the caller's access
		person person
		self   bool // whether it is about the caller
		params client.PeopleUpdateParams
		want   string
		errors string
		change string // what is true of the row afterwards
	}{
		{"nothing", "support", person{client: true}, false, client.PeopleUpdateParams{}, "action-successful", "", "first_name = 'Ada' AND NOT suspended"},
		{"names", "support", person{client: true}, false, client.PeopleUpdateParams{FirstName: new("Grace"), LastName: new("Hopper")}, "action-successful", "", "first_name = 'Grace' AND last_name = 'Hopper'"},
		{"a phone number", "support", person{}, false, client.PeopleUpdateParams{Phone: new("(212) 555-2368")}, "action-successful", "", "phone = '+12125552368' AND first_name = 'Ada'"},
		{"no phone number", "support", person{}, false, client.PeopleUpdateParams{Phone: new("")}, "action-successful", "", "phone = ''"},
		{"a phone number that cannot exist", "support", person{}, false, client.PeopleUpdateParams{Phone: new("1")}, "invalid-param", "phone possible", "phone = '+49301234567'"},
		{"a name that is a link", "support", person{}, false, client.PeopleUpdateParams{FirstName: new("see www.example.com"), Suspended: new(true)}, "invalid-param", "first_name no_url", "NOT suspended"},
		{"an empty name", "support", person{}, false, client.PeopleUpdateParams{FirstName: new("")}, "invalid-param", "first_name minLength, first_name pattern", "first_name = 'Ada'"},
		{"a suspension", "support", person{client: true}, false, client.PeopleUpdateParams{Suspended: new(true)}, "action-successful", "", "suspended AND first_name = 'Ada'"},
		{"a suspension of a liaison", "support", person{liaison: true}, false, client.PeopleUpdateParams{Suspended: new(true)}, "action-successful", "", "suspended"},
		{"a suspension of an employee without access", "support", person{employee: true}, false, client.PeopleUpdateParams{Suspended: new(true)}, "action-successful", "", "suspended"},
		{"support suspends a viewer", "support", person{access: "viewer"}, false, client.PeopleUpdateParams{Suspended: new(true)}, "permission-denied", "", "NOT suspended"},
		{"support changes an admin who is not active", "support", person{access: "admin", inactive: true}, false, client.PeopleUpdateParams{FirstName: new("Grace")}, "permission-denied", "", "first_name = 'Ada'"},
		{"an admin suspends support", "admin", person{access: "support"}, false, client.PeopleUpdateParams{Suspended: new(true)}, "action-successful", "", "suspended"},
		{"an admin suspends another", "admin", person{access: "admin"}, false, client.PeopleUpdateParams{Suspended: new(true)}, "action-successful", "", "suspended"},
		{"oneself", "admin", person{}, true, client.PeopleUpdateParams{Suspended: new(true), FirstName: new("Grace")}, "invalid-param", "suspended allowed", "NOT suspended AND first_name = 'Ada'"},
		{"oneself not", "support", person{}, true, client.PeopleUpdateParams{Suspended: new(false)}, "action-successful", "", "NOT suspended"},
		{"one's own name", "support", person{}, true, client.PeopleUpdateParams{FirstName: new("Grace")}, "action-successful", "", "first_name = 'Grace'"},
		{"a viewer changes nobody", "viewer", person{client: true}, false, client.PeopleUpdateParams{FirstName: new("Grace")}, "permission-denied", "", "first_name = 'Ada'"},
	}
	const changes = "audit_events WHERE status = 'action-successful'" // refusals come within a second
	e := start(t)
	for _, row := range rows {
		email := e.user(row.person)
		caller := e.user(person{access: row.caller})
		token := e.session(caller, "planoauth")
		if row.self {
			email = caller
		}
		e.exec("UPDATE users SET phone = '+49301234567' WHERE email = $1", email)
		row.params.ID = e.userID(email)
		before := e.count(changes)
		outcome, err := e.api.PeopleUpdate(t.Context(), row.params, client.WithToken(token))
		check(t, err)
		var got string
		switch outcome := outcome.(type) {
		case client.InvalidParam:
			got = errorsOf(outcome.Errors)
		case client.PeopleUpdateActionSuccessful:
			if data := outcome.Data; data.ID != row.params.ID || e.count("users WHERE id = $1 AND suspended = $2 AND first_name = $3 AND phone = $4", data.ID, data.Suspended, data.FirstName, data.Phone) != 1 {
				t.Errorf("%s: the person is %+v", row.name, data)
			}
		}
		if outcome.Slug() != row.want || got != row.errors {
			t.Errorf("%s: want %s (%s), have %s (%s)", row.name, row.want, row.errors, outcome.Slug(), got)
		}
		if e.count("users WHERE id = $1 AND "+row.change, row.params.ID) != 1 {
			t.Errorf("%s: the row is another", row.name)
		}
		if made := e.count(changes) - before; row.want == "action-successful" != (made == 1) {
			t.Errorf("%s: %d audit events", row.name, made)
		}
	}
	missing := want[client.InvalidParam](e.api.PeopleUpdate(t.Context(), client.PeopleUpdateParams{ID: 1 << 40}, client.WithToken(e.employee("support"))))(t)
	if got := errorsOf(missing.Errors); got != "id exists" {
		t.Errorf("an unknown id is %s", got)
	}
}

// TestSuspension: a suspended user is signed out on every replica and can sign in by no way, until that is lifted.
func TestSuspension(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	other := &env{t: t, api: connect(t, e.replica(cheapSettings, &mailer.Mailbox{}), e.http)}
	token := client.WithToken(e.employee("support"))
	for _, row := range []struct {
		name         string
		person       person
		want         string // of each sign-in, while the user is suspended
		unsuspended  string
		wrong        string // with a wrong password
		aroundGoogle string
	}{
		{"a client", person{client: true}, "user-suspended", "action-successful", "invalid-password", "user-suspended"},
		{"a user without a record", person{}, "user-suspended", "client-required", "invalid-password", "user-suspended"},
		{"a user without a role", person{client: true, inactive: true}, "user-requires-role", "user-requires-role", "invalid-password", "user-requires-role"},
	} {
		email := e.user(row.person)
		id := e.userID(email)
		e.exec("UPDATE users SET google_subject = $1, email_verified_at = now() WHERE id = $2", email, id)
		session := e.session(email, "planoorder")
		before := e.readAs("", session)
		if got := other.readAs("", session); got != before {
			t.Errorf("%s: the replicas answer %s and %s", row.name, before, got)
		}
		want[client.PeopleUpdateActionSuccessful](e.api.PeopleUpdate(t.Context(), client.PeopleUpdateParams{ID: id, Suspended: new(true)}, token))(t)
		if got := e.readAs("", session); got != "invalid-token" {
			t.Errorf("%s: at the replica that has suspended the user the session is %s", row.name, got)
		}
		e.within(busyLimit, "the session ends at the other replica", func() bool { return other.readAs("", session) == "invalid-token" })
		signIn := func(password string) string {
			outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: password, Application: "planoorder"})
			check(t, err)
			return outcome.Slug()
		}
		byLink := func() string {
			outcome, err := e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: e.link("magic", email, "", 0)})
			check(t, err)
			return outcome.Slug()
		}
		byGoogle := func() string { return e.googleSignIn(account{"sub": email}).Slug() }
		if got := signIn("wrong"); got != row.wrong {
			t.Errorf("%s: with a wrong password the answer is %s", row.name, got)
		}
		for way, got := range map[string]string{"password": signIn(goodPassword), "link": byLink(), "Google": byGoogle()} {
			if got != row.want {
				t.Errorf("%s, by %s: want %s, have %s", row.name, way, row.want, got)
			}
		}
		if n := e.count("sessions WHERE user_id = $1", id); n != 0 {
			t.Errorf("%s: %d sessions were made", row.name, n)
		}
		want[client.PeopleUpdateActionSuccessful](e.api.PeopleUpdate(t.Context(), client.PeopleUpdateParams{ID: id, Suspended: new(false)}, token))(t)
		for way, got := range map[string]string{"password": signIn(goodPassword), "link": byLink(), "Google": byGoogle()} {
			if got != row.unsuspended {
				t.Errorf("%s, by %s once it is lifted: want %s, have %s", row.name, way, row.unsuspended, got)
			}
		}
		if got := e.readAs("", session); got != "invalid-token" {
			t.Errorf("%s: once it is lifted the old session is %s", row.name, got)
		}
	}
}

// TestSuspendedWhileSigningIn: no session is made beside a suspension.
func TestSuspendedWhileSigningIn(t *testing.T) {
	t.Parallel()
	var e *env
	var email string
	e = start(t, onHash(func(password.Cost) { e.exec("UPDATE users SET suspended = true WHERE email = $1", email) }))
	email = e.user(person{client: true})
	want[client.UserSuspended](e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}))(t)
	if n := e.count("sessions"); n != 0 {
		t.Errorf("%d sessions were made", n)
	}
}

// TestLastAdminGoes: of two administrators who take each other away at once, one stays.
func TestLastAdminGoes(t *testing.T) {
	t.Parallel()
	suspend := func(e *env, other, token string) (client.Outcome, error) {
		return e.api.PeopleUpdate(e.t.Context(), client.PeopleUpdateParams{ID: e.userID(other), Suspended: new(true)}, client.WithToken(token))
	}
	remove := func(e *env, other, token string) (client.Outcome, error) {
		return e.api.PeopleDelete(e.t.Context(), client.PeopleDeleteParams{ID: e.userID(other), Email: other}, client.WithToken(token))
	}
	leave := func(e *env, _, token string) (client.Outcome, error) {
		return e.api.UsersDelete(e.t.Context(), client.UsersDeleteParams{CurrentPassword: goodPassword}, client.WithToken(token))
	}
	type way = func(e *env, other, token string) (client.Outcome, error)
	for _, row := range []struct {
		name   string
		ways   [2]way
		errors string // the param of either's error, in any order
	}{
		{"both suspend", [2]way{suspend, suspend}, "suspended allowed"},
		{"both delete", [2]way{remove, remove}, "id allowed"},
		{"both leave", [2]way{leave, leave}, "token allowed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			ada, grace := e.user(person{access: "admin"}), e.user(person{access: "admin"})
			e.user(person{access: "admin", inactive: true})
			gone := e.user(person{access: "admin"})
			e.exec("UPDATE users SET suspended = true WHERE email = $1", gone)
			tokens := []string{e.session(ada, "planoauth"), e.session(grace, "planoauth")}
			hold, err := e.pool.Begin(t.Context())
			check(t, err)
			defer hold.Rollback(t.Context())
			_, err = hold.Exec(t.Context(), "SELECT pg_advisory_xact_lock(hashtext('employees.admins'))")
			check(t, err)
			outcomes := make(chan client.Outcome, 2)
			for i, other := range []string{grace, ada} {
				go func() {
					outcome, err := row.ways[i](e, other, tokens[i])
					if err != nil {
						t.Error(err)
					}
					outcomes <- outcome
				}()
			}
			e.within(busyLimit, "both wait", func() bool {
				return e.count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 2
			})
			check(t, hold.Rollback(t.Context()))
			succeeded := 0
			for range 2 {
				switch outcome := (<-outcomes).(type) {
				case client.InvalidParam:
					if got := errorsOf(outcome.Errors); got != row.errors {
						t.Errorf("the refusal is %s", got)
					}
				default:
					if outcome == nil || outcome.Slug() != "action-successful" {
						t.Errorf("the outcome is %+v", outcome)
					}
					succeeded++
				}
			}
			if n := e.count("employees e JOIN users u ON u.id = e.user_id WHERE e.active AND e.access = 'admin' AND NOT u.suspended"); n != 1 || succeeded != 1 {
				t.Errorf("%d succeeded, and %d administrators are left", succeeded, n)
			}
		})
	}
}

func TestPeopleSessions(t *testing.T) {
	t.Parallel()
	e := start(t)
	ada, grace := e.user(person{client: true}), e.user(person{client: true})
	id := e.userID(ada)
	var tokens []string
	for _, app := range []string{"planoorder", "planox2", "planoauth"} {
		tokens = append(tokens, e.session(ada, app))
	}
	graces := e.session(grace, "planoorder")
	expired := e.session(ada, "planoorder")
	e.exec("UPDATE sessions SET created_at = created_at - interval '8 days' WHERE id = (SELECT max(id) FROM sessions WHERE user_id = $1)", id)
	viewer, support := client.WithToken(e.employee("viewer")), client.WithToken(e.employee("support"))
	list := want[client.PeopleSessionsIndexActionSuccessful](e.api.PeopleSessionsIndex(t.Context(),
		client.PeopleSessionsIndexParams{ID: id, Count: true, Sort: client.SessionsIndexSort{Order: "asc"}, View: client.Full}, viewer))(t).Data
	if len(list.Results) != 3 || list.Count != 3 || list.Results[0].Application != "planoorder" || list.Results[2].Application != "planoauth" || list.Results[0].User.Email != ada {
		t.Fatalf("the sessions are %+v", list)
	}
	first := want[client.PeopleSessionsIndexActionSuccessful](e.api.PeopleSessionsIndex(t.Context(),
		client.PeopleSessionsIndexParams{ID: id, Page: client.Page{Size: 2}}, viewer))(t).Data
	rest := want[client.PeopleSessionsIndexActionSuccessful](e.api.PeopleSessionsIndex(t.Context(),
		client.PeopleSessionsIndexParams{ID: id, Page: client.Page{Size: 2, After: first.Next}}, viewer))(t).Data
	if len(first.Results) != 2 || len(rest.Results) != 1 || rest.Next != "" {
		t.Errorf("the pages are %+v and %+v", first, rest)
	}
	remove := func(p client.PeopleSessionsDeleteParams) (string, int64) {
		outcome, err := e.api.PeopleSessionsDelete(t.Context(), p, support)
		check(t, err)
		switch outcome := outcome.(type) {
		case client.InvalidParam:
			return errorsOf(outcome.Errors), 0
		case client.PeopleSessionsDeleteActionSuccessful:
			return outcome.Slug(), outcome.Data.Count
		}
		return outcome.Slug(), 0
	}
	var gracesID int64
	check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM sessions WHERE user_id = $1", e.userID(grace)).Scan(&gracesID))
	for _, row := range []struct {
		name   string
		params client.PeopleSessionsDeleteParams
		want   string
		count  int64
	}{
		{"an unknown person", client.PeopleSessionsDeleteParams{ID: 1 << 40}, "id exists", 0},
		{"a session of another person", client.PeopleSessionsDeleteParams{ID: id, SessionID: gracesID}, "session_id exists", 0},
		{"one session", client.PeopleSessionsDeleteParams{ID: id, SessionID: list.Results[0].ID}, "action-successful", 1},
		{"the same again", client.PeopleSessionsDeleteParams{ID: id, SessionID: list.Results[0].ID}, "session_id exists", 0},
		{"all that are left", client.PeopleSessionsDeleteParams{ID: id}, "action-successful", 2},
		{"none that is left", client.PeopleSessionsDeleteParams{ID: id}, "action-successful", 0},
	} {
		if got, count := remove(row.params); got != row.want || count != row.count {
			t.Errorf("%s: want %s of %d, have %s of %d", row.name, row.want, row.count, got, count)
		}
		if row.name == "one session" && (e.readAs("", tokens[0]) != "invalid-token" || e.readAs("", tokens[1]) != "action-successful") {
			t.Error("another session has ended")
		}
	}
	for token, want := range map[string]string{tokens[1]: "invalid-token", tokens[2]: "invalid-token", graces: "action-successful", expired: "session-expired"} {
		if got := e.readAs("", token); got != want {
			t.Errorf("afterwards a session is %s, not %s", got, want)
		}
	}
	caller := e.user(person{access: "support"})
	own := e.session(caller, "planoauth")
	want[client.PeopleSessionsDeleteActionSuccessful](e.api.PeopleSessionsDelete(t.Context(), client.PeopleSessionsDeleteParams{ID: e.userID(caller)}, client.WithToken(own)))(t)
	if got := e.readAs("", own); got != "invalid-token" {
		t.Errorf("one's own session is %s", got)
	}
	admin := e.user(person{access: "admin"})
	want[client.PermissionDenied](e.api.PeopleSessionsDelete(t.Context(), client.PeopleSessionsDeleteParams{ID: e.userID(admin)}, support))(t)
}
