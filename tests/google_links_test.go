package tests

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// googleLink links the user of a session to a Google account.
func (e *env) googleLink(token string, as account) client.Outcome {
	e.t.Helper()
	p := e.browse(e.beginGoogle(), as).params()
	outcome, err := e.api.UsersGoogleLink(e.t.Context(), client.UsersGoogleLinkParams{Code: p.Code, State: p.State, Verifier: p.Verifier, View: client.Full}, client.WithToken(token))
	check(e.t, err)
	return outcome
}

func TestUsersGoogleLink(t *testing.T) {
	t.Parallel()
	issuer := realGoogle(t)
	const own = "own"
	rows := []struct {
		name    string
		person  person
		app     string
		sql     string // own is the subject of the account
		as      account
		want    string
		linked  bool // to the account
		notices int
	}{
		{"a client with the address of the account", person{client: true}, "planoorder", verified, account{}, "action-successful", true, 1},
		{"another address", person{client: true}, "planoorder", verified, account{"email": "countess@gmail.com"}, "action-successful", true, 1},
		{"an address that Google does not host", person{client: true}, "planoorder", verified, account{"email": "ada@elsewhere.example"}, "action-successful", true, 1},
		{"an address that is not verified here is told nothing", person{client: true}, "planoorder", "", account{}, "action-successful", true, 0},
		{"linked to it already", person{client: true}, "planoorder", "UPDATE users SET google_subject = 'own' WHERE email = 'ada@gmail.com'", account{}, "action-successful", true, 0},
		{"linked to another account", person{client: true}, "planoorder", "UPDATE users SET google_subject = 'x' WHERE email = 'ada@gmail.com'", account{}, "google-account-conflict", false, 0},
		{"an account that another user is linked to", person{client: true}, "planoorder", "INSERT INTO users (email, google_subject) VALUES ('x@example.com', 'own')", account{}, "google-account-conflict", false, 0},
		{"an account with the address of another user", person{client: true}, "planoorder", "INSERT INTO users (email) VALUES ('countess@gmail.com')", account{"email": "countess@gmail.com"}, "google-account-conflict", false, 0},
		{"Google does not vouch for the address", person{client: true}, "planoorder", "", account{"email_verified": false}, "google-email-unverified", false, 0},
		{"Google says nothing of an address", person{client: true}, "planoorder", "", account{"email": nil}, "google-email-unverified", false, 0},
		{"an employee", person{access: "viewer"}, "planoauth", verified, account{}, "action-successful", true, 1},
		{"an employee in a product", person{client: true, employee: true}, "planoorder", verified, account{}, "permission-denied", false, 0},
		{"a user without a record", person{}, "planoorder", verified, account{}, "client-required", false, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withGoogle(issuer), withSQL(orderSQL))
			row.person.email = "ada@gmail.com"
			token := e.session(e.user(row.person), row.app)
			as := account{"sub": rand.Text(), "email": "ada@gmail.com", "email_verified": true}
			for name, value := range row.as {
				as[name] = value
			}
			if row.sql != "" {
				e.exec(row.sql)
				e.exec("UPDATE users SET google_subject = $1 WHERE google_subject = $2", as["sub"], own)
			}
			outcome := e.googleLink(token, as)
			if outcome.Slug() != row.want {
				t.Fatalf("want %s, have %#v", row.want, outcome)
			}
			if done, ok := outcome.(client.UsersGoogleLinkActionSuccessful); ok && (!done.Data.GoogleLinked || done.Data.Email != "ada@gmail.com") {
				t.Errorf("the user is %+v", done.Data)
			}
			if e.count("users WHERE email = 'ada@gmail.com' AND google_subject = $1", as["sub"]) != ones(row.linked) ||
				e.count("mails WHERE kind = 'google_linked' AND to_email = 'ada@gmail.com'") != row.notices || e.count("mails") != row.notices {
				t.Error("the link, or the notice of it, is not as expected")
			}
			if slug := e.readAs("", token); slug != "action-successful" && row.want != "client-required" {
				t.Errorf("the session is %s", slug)
			}
		})
	}
}

// TestGoogleLinkStates: a state works once, within ten minutes, and with its verifier only.
func TestGoogleLinkStates(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	token := client.WithToken(e.session(e.user(person{email: "ada@gmail.com", client: true}), "planoorder"))
	as := account{"sub": rand.Text(), "email": "ada@gmail.com", "email_verified": true}
	begin := func() client.UsersGoogleLinkParams {
		p := e.browse(e.beginGoogle(), as).params()
		return client.UsersGoogleLinkParams{Code: p.Code, State: p.State, Verifier: p.Verifier}
	}
	p := begin()
	other := p
	other.Verifier = "another"
	want[client.GoogleSignInFailed](e.api.UsersGoogleLink(t.Context(), other, token))(t)
	old := begin()
	e.clock.move(10 * time.Minute)
	want[client.GoogleSignInFailed](e.api.UsersGoogleLink(t.Context(), old, token))(t)
	p = begin()
	want[client.UsersGoogleLinkActionSuccessful](e.api.UsersGoogleLink(t.Context(), p, token))(t)
	want[client.GoogleSignInFailed](e.api.UsersGoogleLink(t.Context(), p, token))(t)
}

// TestGoogleLinkRaces: of ten users who link one account, one gets it.
func TestGoogleLinkRaces(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	as := account{"sub": rand.Text(), "email": "shared@gmail.com", "email_verified": true}
	var params [10]client.UsersGoogleLinkParams
	var tokens [10]string
	for i := range params {
		p := e.browse(e.beginGoogle(), as).params()
		params[i] = client.UsersGoogleLinkParams{Code: p.Code, State: p.State, Verifier: p.Verifier}
		tokens[i] = e.session(e.user(person{client: true}), "planoorder")
	}
	seen := atOnce(t, 10, func(i int) (client.Outcome, error) {
		return e.api.UsersGoogleLink(t.Context(), params[i], client.WithToken(tokens[i]))
	})
	if seen["action-successful"] != 1 || seen["google-account-conflict"] != 9 || e.count("users WHERE google_subject IS NOT NULL") != 1 {
		t.Errorf("the outcomes are %v", seen)
	}
}

func TestUsersGoogleUnlink(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		person person
		app    string
		sql    string
		want   string
		linked bool // afterwards
	}{
		{"a user with a password", person{client: true}, "planoorder", "", "action-successful", false},
		{"a user who is not linked", person{client: true}, "planoorder", "UPDATE users SET google_subject = NULL", "action-successful", false},
		{"a user without a password", person{client: true, noPassword: true}, "planoorder", "", "invalid-param", true},
		{"a blank password", person{client: true}, "planoorder", "UPDATE users SET password_hash = ' '", "invalid-param", true},
		{"an employee in a product", person{client: true, employee: true}, "planoorder", "", "permission-denied", true},
		{"an employee", person{employee: true}, "planoauth", "", "action-successful", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			ada := e.user(row.person)
			e.exec("UPDATE users SET google_subject = 'ada'")
			if row.sql != "" {
				e.exec(row.sql)
			}
			outcome, err := e.api.UsersGoogleUnlink(t.Context(), client.UsersGoogleUnlinkParams{View: client.Full}, client.WithToken(e.session(ada, row.app)))
			check(t, err)
			if outcome.Slug() != row.want || (e.count("users WHERE google_subject = 'ada'") == 1) != row.linked {
				t.Errorf("want %s, have %#v", row.want, outcome)
			}
			switch outcome := outcome.(type) {
			case client.InvalidParam:
				if errorsOf(outcome.Errors) != "token required" {
					t.Errorf("the errors are %v", outcome.Errors)
				}
			case client.UsersGoogleUnlinkActionSuccessful:
				if outcome.Data.GoogleLinked || outcome.Data.Email != ada {
					t.Errorf("the user is %+v", outcome.Data)
				}
			}
		})
	}
}
