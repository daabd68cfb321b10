package tests

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/mailer"
)

// applicationToken creates a token of an application, and waits until the server knows it.
func (e *env) applicationToken(slug string) string {
	e.t.Helper()
	config, err := db.ParseURL(e.database)
	check(e.t, err)
	d, err := db.Open(e.t.Context(), config)
	check(e.t, err)
	defer d.Close()
	token, _, err := admin.AddToken(context.Background(), d, slug, e.clock.now())
	check(e.t, err)
	e.within(busyLimit, "a new token counts", func() bool { return e.readAs(token, "x") == "invalid-token session_token" })
	return token
}

// readAs reads a session with an application's token, or where that is "", with its own. It returns the slug
// and, if two tokens were sent, the name of the refused one.
func (e *env) readAs(application, session string) string {
	e.t.Helper()
	params, token := client.SessionsReadParams{}, session
	if application != "" {
		params.SessionToken, token = session, application
	}
	outcome, err := e.api.SessionsRead(context.Background(), params, client.WithToken(token))
	check(e.t, err)
	var param client.TokenParam
	switch outcome := outcome.(type) {
	case client.InvalidToken:
		param = outcome.Param
	case client.SessionExpired:
		param = outcome.Param
	case client.ClientRequired:
		param = outcome.Param
	}
	if param == "" || application == "" && param == client.TokenParamToken {
		return outcome.Slug()
	}
	return outcome.Slug() + " " + string(param)
}

// TestSessionsReadByApplication: session_token is checked like any token, and a refusal names it.
func TestSessionsReadByApplication(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name    string
		person  person
		app     string // of the session; planoorder checks it
		later   time.Duration
		sql     string
		session func(token string) string
		want    string
		used    bool // whether the session's last use moved
	}{
		{"a client's session", person{client: true}, "planoorder", 2 * time.Minute, "", nil, "action-successful", true},
		{"one of another application", person{client: true}, "planox2", 2 * time.Minute, "", nil, "invalid-token session_token", false},
		{"an expired one of another application", person{client: true}, "planox2", 4 * 24 * time.Hour, "", nil, "invalid-token session_token", false},
		{"of a user without a record, in another application", person{}, "planox2", 2 * time.Minute, "", nil, "invalid-token session_token", false},
		{"of a user without a record", person{}, "planoorder", 2 * time.Minute, "", nil, "client-required session_token", false},
		{"of a user whose record is not admitted", person{employee: true}, "planoorder", 2 * time.Minute, "", nil, "invalid-token session_token", false},
		{"of an inactive client", person{client: true, inactive: true}, "planoorder", 2 * time.Minute, "", nil, "invalid-token session_token", false},
		{"an idle one", person{client: true}, "planoorder", 72 * time.Hour, "", nil, "session-expired session_token", false},
		{"an idle one of a user without a record", person{}, "planoorder", 72 * time.Hour, "", nil, "session-expired session_token", false},
		{"one that nobody uses for 50 days, remembered", person{client: true, rememberMe: true}, "planoorder", 50 * 24 * time.Hour, "", nil, "action-successful", true},
		{"one that ended 30 days ago", person{client: true}, "planoorder", 33 * 24 * time.Hour, "", nil, "invalid-token session_token", false},
		{"one that was signed out", person{client: true}, "planoorder", 0, "DELETE FROM sessions", nil, "invalid-token session_token", false},
		{"nonsense", person{client: true}, "planoorder", 0, "", func(string) string { return "nonsense" }, "invalid-token session_token", false},
		{"a mistyped one", person{client: true}, "planoorder", 0, "", func(token string) string { return token[:30] + "aaa" + token[33:] }, "invalid-token session_token", false},
		{"one with a blank too many", person{client: true}, "planoorder", 0, "", func(token string) string { return token + " " }, "invalid-token session_token", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withServer(quickly))
			application, token := e.applicationToken("planoorder"), e.session(e.user(row.person), row.app)
			e.exec("UPDATE sessions SET last_used_at = created_at")
			if row.sql != "" {
				e.exec(row.sql)
			}
			if row.session != nil {
				token = row.session(token)
			}
			e.clock.move(row.later)
			if got := e.readAs(application, token); got != row.want {
				t.Errorf("want %s, have %s", row.want, got)
			}
			e.flush()
			if used := e.count("sessions WHERE last_used_at > created_at") == 1; used != row.used {
				t.Errorf("the session was used: %v", used)
			}
			if strings.Contains(e.logs.String(), token[5:]) && row.session == nil || strings.Contains(e.logs.String(), application[5:]) {
				t.Error("the log has a token")
			}
		})
	}
}

// TestSessionsReadForApplications compares the application's view with the user's, and counts statements.
func TestSessionsReadForApplications(t *testing.T) {
	t.Parallel()
	e := start(t)
	application := e.applicationToken("planoorder")
	mine, noRecord := e.signIn(e.user(person{client: true})), e.signIn(e.user(person{}))
	e.awaitListener()
	own := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{View: client.Full}, client.WithToken(mine)))(t)
	e.counted.take()
	seen := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{View: client.Full, SessionToken: mine}, client.WithToken(application)))(t)
	if asked := e.counted.take(); len(asked) != 0 {
		t.Errorf("a check of a session that was checked before asks %d times: %s", len(asked), strings.Join(asked, "\n  "))
	}
	if own.Data.ID == 0 || seen.Data.ID != own.Data.ID || seen.Data.Method != own.Data.Method || seen.Data.User.Email != own.Data.User.Email || seen.Data.Token != "" {
		t.Errorf("the user sees %+v, the application %+v", own.Data, seen.Data)
	}
	refused := want[client.ClientRequired](e.api.SessionsRead(t.Context(), client.SessionsReadParams{View: client.Minimal, SessionToken: noRecord}, client.WithToken(application)))(t)
	if s := refused.Session; s.Token != "" || s.User.ID == 0 || s.Application != "planoorder" || s.IP != "" {
		t.Errorf("the refused session is %+v", s)
	}
}

// TestSessionsReadKinds presents each kind of token, with and without session_token. Only the first check of
// a session costs a statement.
func TestSessionsReadKinds(t *testing.T) {
	t.Parallel()
	e := start(t)
	application, session := e.applicationToken("planoorder"), e.signIn(e.user(person{client: true}))
	e.awaitListener()
	good, unknown := `"session_token":"`+session+`"`, "plaa_"+strings.Repeat("a", 56)
	rows := []struct {
		name, token, body, want string
		statements              int
	}{
		{"a session", session, `{}`, "action-successful ", 1},
		{"a session with session_token", session, `{` + good + `}`, "invalid-param session_token allowed", 0},
		{"a session with session_token, and more that is wrong", session, `{"view":"x","session_token":"y","z":1}`,
			"invalid-param session_token allowed, view enum, z additionalProperties", 0},
		{"a session with a session_token that is null", session, `{"session_token":null}`, "action-successful ", 0},
		{"an application with session_token", application, `{` + good + `}`, "action-successful ", 0},
		{"an application in the param", "", `{"token":"` + application + `",` + good + `}`, "action-successful ", 0},
		{"an application without session_token", application, `{}`, "missing-param session_token required", 0},
		{"an application without session_token, and more that is wrong", application, `{"view":"x"}`, "missing-param session_token required, view enum", 0},
		{"an application with a number", application, `{"session_token":7}`, "invalid-param session_token type", 0},
		{"an application with an empty session_token", application, `{"session_token":""}`, "invalid-param session_token minLength", 0},
		{"an application with its own token as session_token", application, `{"session_token":"` + application + `"}`, "invalid-token ", 0},
		{"an unknown application", unknown, `{` + good + `}`, "invalid-token ", 0},
		{"no token at all", "", `{}`, "missing-param token required", 0},
		{"no token at all, but session_token", "", `{` + good + `}`, "missing-param token required", 0},
	}
	for _, row := range rows {
		e.counted.take()
		a := e.send("POST", "/api/v1/sessions/read", []byte(row.body), append([]string{"Content-Type", "application/json"}, bearer(row.token)...)...)
		if got := a.status() + " " + a.params(); got != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, got)
		}
		if asked := e.counted.take(); len(asked) != row.statements {
			t.Errorf("%s: want %d statements, have %v", row.name, row.statements, asked)
		}
	}
}

// TestApplicationTokens: application tokens are accepted where the spec says so. Public operations ignore
// valid ones, and no operation that needs a session accepts one.
func TestApplicationTokens(t *testing.T) {
	t.Parallel()
	for _, o := range specOperations() {
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			v := prepare(e, o)
			good, required := e.applicationToken("planox2"), o.extension("x-token", "required") == true
			v.token = "plaa_" + strings.Repeat("a", 56)
			if a := v.send(e); a.status() != "invalid-token" {
				t.Errorf("with an unknown application's token it answers %s", a.text)
			}
			v.token = good
			e.counted.take()
			a := v.send(e)
			switch {
			case o.id == "sessionsRead":
				if a.status() != "missing-param" {
					t.Errorf("it answers %s", a.text)
				}
			case required:
				if asked := e.counted.take(); a.status() != "invalid-token" || a.body["param"] != "token" || len(asked) != 0 {
					t.Errorf("it answers %s and asks %v", a.text, asked)
				}
			case a.status() == "invalid-token" || a.status() == "missing-param" || a.code == 403:
				t.Errorf("it answers %s", a.text)
			}
		})
	}
}

// TestApplicationTokensAreRevoked: a deleted token is refused on every replica, and the others keep working.
func TestApplicationTokensAreRevoked(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.url = e.replica(cheapSettings, &mailer.Mailbox{})
	other.api = connect(t, other.url, e.http)
	session := e.signIn(e.user(person{client: true}))
	old, young := e.applicationToken("planoorder"), e.applicationToken("planoorder")
	both := func(token, want string) func() bool {
		return func() bool { return e.readAs(token, session) == want && other.readAs(token, session) == want }
	}
	e.within(busyLimit, "both tokens are good", both(old, "action-successful"))
	e.within(busyLimit, "both tokens are good", both(young, "action-successful"))
	e.exec("DELETE FROM application_tokens WHERE id = (SELECT min(id) FROM application_tokens)")
	e.within(busyLimit, "the old token is revoked", both(old, "invalid-token token"))
	if !both(young, "action-successful")() {
		t.Error("the young token is revoked too")
	}
	e.exec("DELETE FROM applications WHERE slug = 'planoorder'")
	e.within(busyLimit, "the token ends with its application", both(young, "invalid-token token"))
	if e.count("application_tokens") != 0 {
		t.Error("a token is left")
	}
}

// TestSessionsReadAccess: the full view says what an employee may do in the console, and nothing about anybody else.
func TestSessionsReadAccess(t *testing.T) {
	t.Parallel()
	e := start(t)
	rows := []struct {
		name   string
		person person
		app    string
		view   client.View
		want   client.Access
	}{
		{"an admin", person{access: "admin"}, "planoauth", client.Full, client.AccessAdmin},
		{"an employee without access", person{employee: true}, "planoauth", client.Full, client.AccessNone},
		{"an admin in the default view", person{access: "admin"}, "planoauth", client.Default, ""},
		{"a liaison", person{liaison: true}, "planoauth", client.Full, ""},
		{"a client", person{client: true}, "planoauth", client.Full, ""},
		{"an admin in a product", person{client: true, access: "admin"}, "planoorder", client.Full, ""},
		{"a former admin who is a client", person{client: true, access: "admin"}, "planoauth", client.Full, ""},
	}
	for _, row := range rows {
		email := e.user(row.person)
		if strings.HasPrefix(row.name, "a former") {
			e.exec("UPDATE employees SET active = false WHERE user_id = $1", e.userID(email))
		}
		token := e.session(email, row.app)
		read := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{View: row.view}, client.WithToken(token)))(t)
		if read.Data.Access != row.want {
			t.Errorf("%s: want the access %q, have %q", row.name, row.want, read.Data.Access)
		}
	}
}
