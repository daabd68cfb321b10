package tests

import (
	"context"
	"crypto/sha256"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	return text
}

// session creates a session of a user for an application without a sign-in by that user, and returns its
// token.
func (e *env) session(email, application string) string {
	e.t.Helper()
	token := e.signIn(e.user(person{client: true}))
	digest := sha256.Sum256([]byte(token))
	e.exec(`UPDATE sessions SET user_id = (SELECT id FROM users WHERE email = $1),
		application_id = (SELECT id FROM applications WHERE slug = $2) WHERE token_digest = $3`, email, application, digest[:])
	return token
}

func TestSessionsCreate(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		person   person
		email    string // "" for the person's own
		password string
		app      string
		redirect string
		want     string
		sessions int // afterwards
	}{
		{"a client signs in to what admits clients", person{client: true}, "", "", "planoorder", "", "action-successful", 1},
		{"a client with a redirect to the application", person{client: true}, "", "", "planoorder", "https://order.example/a?b=c", "action-successful", 1},
		{"an employee signs in to what admits employees", person{employee: true}, "", "", "planoauth", "", "action-successful", 1},
		{"a liaison signs in to what admits liaisons", person{liaison: true}, "", "", "planoauth", "", "action-successful", 1},
		{"an employee has no role where only clients have", person{employee: true}, "", "", "planoorder", "", "user-requires-role", 0},
		{"an inactive client has no role", person{client: true, inactive: true}, "", "", "planoorder", "", "user-requires-role", 0},
		{"nobody without a record has one, but gets a session", person{}, "", "", "planoorder", "", "client-required", 1},
		{"the address is in mixed case", person{email: "ada.lovelace@example.com", client: true}, " Ada.LoveLace@Example.COM\t", "", "planoorder", "", "action-successful", 1},
		{"the address is in mixed case in the database", person{email: "Grace.Hopper@Example.com", client: true}, "grace.hopper@example.com", "", "planoorder", "", "action-successful", 1},
		{"the address is unknown", person{client: true}, "nobody@example.com", "", "planoorder", "", "email-not-found", 0},
		{"the password is wrong", person{client: true}, "", "something else", "planoorder", "", "invalid-password", 0},
		{"the password has a blank too many", person{client: true}, "", goodPassword + " ", "planoorder", "", "invalid-password", 0},
		{"the password is wrong and there is no role", person{employee: true}, "", "something else", "planoorder", "", "invalid-password", 0},
		{"the password is wrong and there is no record", person{}, "", "something else", "planoorder", "", "invalid-password", 0},
		{"the user has no password", person{client: true, noPassword: true}, "", "", "planoorder", "", "user-has-no-password", 0},
		{"the application is unknown", person{client: true}, "", "", "planonothing", "", "invalid-param", 0},
		{"the redirect is elsewhere", person{client: true}, "", "", "planoorder", "https://evil.example/", "invalid-param", 0},
		{"the redirect is at another application", person{client: true}, "", "", "planox2", "https://order.example/", "invalid-param", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL("UPDATE applications SET url = 'https://order.example/start' WHERE slug = 'planoorder'"))
			email := e.user(row.person)
			params := client.SessionsCreateParams{Email: row.email, Password: row.password, Application: row.app, RedirectURL: row.redirect}
			if params.Email == "" {
				params.Email = email
			}
			if params.Password == "" {
				params.Password = goodPassword
			}
			outcome, err := e.api.SessionsCreate(t.Context(), params)
			check(t, err)
			if outcome.Slug() != row.want {
				t.Errorf("want %s, have %#v", row.want, outcome)
			}
			if n := e.count("sessions"); n != row.sessions {
				t.Errorf("want %d sessions, have %d", row.sessions, n)
			}
			if n := len(e.mandrill.mails()) + e.count("mails"); n != 0 {
				t.Errorf("%d mails were made", n)
			}
		})
	}
}

func TestSessionsCreateViews(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET url = 'https://order.example' WHERE slug = 'planoorder'"))
	email := e.user(person{client: true, liaison: true})
	params := client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}

	plain := want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), params))(t)
	if plain.Session.ID != 0 || plain.Application.ID != 0 {
		t.Error("session and application are there though nobody asked")
	}
	if d := plain.Data; !d.ExpiresAt.Equal(d.CreatedAt.Add(7*24*time.Hour)) || !d.IdleExpiresAt.Equal(d.LastUsedAt.Add(72*time.Hour)) || !d.CreatedAt.Equal(d.LastUsedAt) {
		t.Errorf("the times are %+v", d)
	}
	if d := plain.Data; d.User.Email != email || d.User.FirstName != "" || !slices.Equal(d.Roles, []string{"client"}) || d.IP != "" || d.Method != "" {
		t.Errorf("the default view is %+v", d)
	}
	params.View, params.SessionView, params.ApplicationView = client.Minimal, client.Full, client.Default
	params.RedirectURL = "https://order.example/orders?open=1"
	longAgent := func(_ context.Context, req *http.Request) error {
		req.Header.Set("User-Agent", strings.Repeat("a", 5000))
		return nil
	}
	viewed := want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), params, longAgent))(t)
	if s := viewed.Session; s.RedirectURL != params.RedirectURL || len(s.UserAgent) != 512 {
		t.Errorf("the session is %+v", s)
	}
	if d := viewed.Data; d.Token == "" || d.User.ID != 0 || d.Roles != nil || !d.CreatedAt.IsZero() || d.ExpiresAt.IsZero() {
		t.Errorf("the minimal view is %+v", d)
	}
	if s := viewed.Session; s.Token != viewed.Data.Token || s.IP != "127.0.0.1" || s.Method != "password" || !slices.Equal(s.Records, []string{"client", "liaison"}) || s.UserAgent == "" {
		t.Errorf("the full view is %+v", s)
	}
	if a := viewed.Application; a.Slug != "planoorder" || !slices.Equal(a.Admits, []string{"client"}) || a.RedirectOrigins != nil {
		t.Errorf("the application is %+v", a)
	}
}

func TestSessionsCreateForUsersWithoutRecords(t *testing.T) {
	t.Parallel()
	e := start(t)
	params := client.SessionsCreateParams{Email: e.user(person{}), Password: goodPassword, Application: "planoorder", View: client.Minimal}
	made := want[client.SessionsCreateClientRequired](e.api.SessionsCreate(t.Context(), params))(t)
	if made.Data.Token == "" || made.Session.Token != made.Data.Token {
		t.Errorf("data and session are %+v and %+v", made.Data, made.Session)
	}
	read := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(made.Data.Token)))(t)
	if len(read.Data.Roles) != 0 || read.Data.Token != "" {
		t.Errorf("the session is %+v", read.Data)
	}
	refused := want[client.ClientRequired](e.api.ClientsRegister(t.Context(), registration("new@example.com"), client.WithToken(made.Data.Token)))(t)
	if refused.Param != "token" || refused.Session.ID != made.Data.ID || refused.Session.Token != "" || refused.Session.User.ID == 0 {
		t.Errorf("the refusal is %+v", refused)
	}
	if e.count("users") != 1 {
		t.Error("a user was registered all the same")
	}
}

// TestSessionsCreateReplaces: a presented session ends only once the new one exists.
func TestSessionsCreateReplaces(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	old := e.signIn(email)
	params := client.SessionsCreateParams{Email: email, Password: "wrong", Application: "planoorder"}
	want[client.InvalidPassword](e.api.SessionsCreate(t.Context(), params, client.WithToken(old)))(t)
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(old)))(t)
	params.Password = goodPassword
	made := want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), params, client.WithToken(old)))(t)
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(old)))(t)
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(made.Data.Token)))(t)
	if e.count("sessions") != 1 {
		t.Error("there is more than one session")
	}
}

// TestRoles: roles are checked at each use of a session.
func TestRoles(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	read := func() string {
		outcome, err := e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token))
		check(t, err)
		return outcome.Slug()
	}
	steps := []struct{ statement, want string }{
		{"UPDATE clients SET active = false", "invalid-token"},
		{"UPDATE clients SET active = true", "action-successful"},
		{"INSERT INTO employees (user_id) SELECT id FROM users", "action-successful"},
		{"DELETE FROM clients", "invalid-token"},
		{"DELETE FROM employees", "action-successful"}, // no record at all: those may
		{"DELETE FROM users", "invalid-token"},
	}
	for _, step := range steps {
		e.exec(step.statement)
		e.within(busyLimit, step.want+" after "+step.statement, func() bool { return read() == step.want })
	}
}

func TestSignInMail(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, mandrill, want string
		person               person
		accepted             int
	}{
		{"a success is mailed", "", "action-successful", person{client: true}, 1},
		{"a refused mail is said", "rejected", "mandrill-email-failed", person{client: true}, 0},
		{"a user without a record gets no mail", "", "client-required", person{}, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL("UPDATE applications SET sign_in_mail = true WHERE slug = 'planoorder'"))
			e.mandrill.be(row.mandrill)
			email := e.user(row.person)
			e.exec("UPDATE users SET email_verified_at = now()") // or it gets no notices
			outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder", SessionView: client.Minimal})
			check(t, err)
			if outcome.Slug() != row.want {
				t.Fatalf("want %s, have %#v", row.want, outcome)
			}
			if failed, ok := outcome.(client.SessionsCreateMandrillEmailFailed); ok {
				if failed.Data.Token == "" || failed.Session.Token == "" || e.count("notifications WHERE kind = 'mandrill-email-failed'") != 1 {
					t.Errorf("the failure is %+v", failed)
				}
			}
			mails := e.mandrill.mails()
			if len(mails) != row.accepted || row.accepted == 1 && (mails[0].To != email || !strings.Contains(mails[0].Text, "127.0.0.1")) {
				t.Errorf("the mails are %+v", mails)
			}
			if n := e.count("sessions"); n != 1 {
				t.Errorf("there are %d sessions", n)
			}
		})
	}
}

// TestExpiry tests sessions exactly at their limits.
func TestExpiry(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	day := 24 * time.Hour
	rows := []struct {
		name     string
		remember bool
		uses     []time.Duration // when the session is used, counted from its making
		at       time.Duration
		want     string // "" while it lives
	}{
		{"just before 72 idle hours", false, nil, 72*time.Hour - ms, ""},
		{"at 72 idle hours", false, nil, 72 * time.Hour, "idle"},
		{"a use moves the idle limit", false, []time.Duration{71 * time.Hour}, 142 * time.Hour, ""},
		{"to 72 hours after it", false, []time.Duration{71 * time.Hour}, 143 * time.Hour, "idle"},
		{"just before 7 days", false, []time.Duration{2 * day, 4 * day, 6 * day}, 7*day - ms, ""},
		{"at 7 days", false, []time.Duration{2 * day, 4 * day, 6 * day}, 7 * day, "absolute"},
		{"long after both, the idle limit came first", false, nil, 20 * day, "idle"},
		{"kept for 30 days after its end", false, nil, 3*day + 30*day - ms, "idle"},
		{"and then forgotten", false, nil, 3*day + 30*day, "forgotten"},
		{"72 idle hours with remember_me", true, nil, 72 * time.Hour, ""},
		{"7 days with remember_me", true, []time.Duration{2 * day, 4 * day, 6 * day}, 7 * day, ""},
		{"10 years with remember_me", true, nil, 3650 * day, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			token := e.signIn(e.user(person{client: true, rememberMe: row.remember}))
			made := e.freeze(0)
			read := func() client.SessionsReadOutcome {
				outcome, err := e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token))
				check(t, err)
				return outcome
			}
			for _, use := range row.uses {
				e.freeze(use)
				want[client.SessionsReadActionSuccessful](read(), nil)(t)
			}
			e.freeze(row.at)
			switch outcome := read().(type) {
			case client.SessionsReadActionSuccessful:
				if row.want != "" {
					t.Errorf("it lives: %+v", outcome.Data)
				}
				if row.remember != outcome.Data.ExpiresAt.IsZero() || row.remember != outcome.Data.IdleExpiresAt.IsZero() {
					t.Errorf("its limits are %v and %v", outcome.Data.ExpiresAt, outcome.Data.IdleExpiresAt)
				}
			case client.SessionExpired:
				if string(outcome.Data.Reason) != row.want || outcome.Param != "token" {
					t.Errorf("it ended: %+v", outcome)
				}
				ended := 7 * day
				if row.want == "idle" {
					ended = 72 * time.Hour
					for _, use := range row.uses {
						ended = use + 72*time.Hour
					}
				}
				if !outcome.Data.EndedAt.Equal(made.Add(ended)) {
					t.Errorf("it ended at %v, not %v after %v", outcome.Data.EndedAt, ended, made)
				}
			case client.InvalidToken:
				if row.want != "forgotten" {
					t.Errorf("it is forgotten")
				}
			default:
				t.Errorf("the outcome is %s", outcome.Slug())
			}
		})
	}
}

// freeze stops the clock at this time after the creation of the only session, which it returns.
func (e *env) freeze(at time.Duration) (made time.Time) {
	e.t.Helper()
	check(e.t, e.pool.QueryRow(context.Background(), "SELECT created_at FROM sessions").Scan(&made))
	e.clock.stop(made.Add(at))
	return made
}

func TestLastUse(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	read := func() time.Time {
		got := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token)))(t)
		return got.Data.LastUsedAt
	}
	e.freeze(59 * time.Second)
	e.counted.take()
	made := read()
	if asked := e.counted.take(); len(asked) != 1 {
		t.Errorf("a use within the minute asks %v", asked)
	}
	e.freeze(60 * time.Second)
	if used := read(); !used.Equal(made.Add(time.Minute)) {
		t.Errorf("a minute later the last use is %v after %v", used, made)
	}
}

func TestSessionsDelete(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	one, other := e.signIn(email), e.signIn(email)
	gone := want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(t.Context(), client.SessionsDeleteParams{}, client.WithToken(one)))(t)
	if gone.Data.Count != 1 {
		t.Errorf("%d sessions ended", gone.Data.Count)
	}
	want[client.InvalidToken](e.api.SessionsDelete(t.Context(), client.SessionsDeleteParams{}, client.WithToken(one)))(t)
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(one)))(t)
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(other)))(t)
}
