package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// verifier stays in the product, which made challenge of it.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func challengeOf(verifier string) string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// handOver hands a session over and returns what the browser brings to the product.
func (e *env) handOver(token string) string {
	e.t.Helper()
	params := client.SessionsHandOverParams{Challenge: challengeOf(verifier)}
	return want[client.SessionsHandOverActionSuccessful](e.api.SessionsHandOver(e.t.Context(), params, client.WithToken(token)))(e.t).Data.MagicToken
}

// exchange is what the product does with it.
func (e *env) exchange(magic, verifier string, with ...client.RequestEditorFn) client.Outcome {
	outcome, err := e.api.SessionsMagicLinkCreate(e.t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: magic, Verifier: verifier, View: client.Full}, with...)
	if err != nil {
		e.t.Error(err)
	}
	return outcome
}

func TestSessionsHandOver(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name      string
		app       string
		session   string // its redirect_url
		redirect  string
		challenge string // "" for a good one
		want      string
		errors    string
		url       string // before the token
	}{
		{"to the application's url", "planoorder", "", "", "", "action-successful", "", orderURL + "?magic_token="},
		{"to the session's redirect_url", "planoorder", "https://order.example/cart?id=7", "", "", "action-successful", "", "https://order.example/cart?id=7&magic_token="},
		{"to one of its own", "planoorder", "https://order.example/cart", "https://order.example/a?b=c", "", "action-successful", "", "https://order.example/a?b=c&magic_token="},
		{"the session's is allowed no longer", "planoorder", "https://old.example/", "", "", "action-successful", "", orderURL + "?magic_token="},
		{"elsewhere", "planoorder", "", "https://evil.example/", "", "invalid-param", "redirect_url allowed", ""},
		{"nowhere", "planox2", "", "", "", "invalid-param", "redirect_url required", ""},
		{"a short challenge", "planoorder", "", "", "abc", "invalid-param", "challenge pattern", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			token := e.session(e.user(person{client: true}), row.app)
			e.exec("UPDATE sessions SET redirect_url = $1", row.session)
			if row.challenge == "" {
				row.challenge = challengeOf(verifier)
			}
			outcome, err := e.api.SessionsHandOver(t.Context(), client.SessionsHandOverParams{Challenge: row.challenge, RedirectURL: row.redirect}, client.WithToken(token))
			check(t, err)
			if outcome.Slug() != row.want {
				t.Fatalf("want %s, have %#v", row.want, outcome)
			}
			if refused, ok := outcome.(client.InvalidParam); ok && (errorsOf(refused.Errors) != row.errors || e.readAs("", token) != "action-successful" || e.count("links") != 0) {
				t.Errorf("the errors are %s, or the session has ended", errorsOf(refused.Errors))
			}
			if done, ok := outcome.(client.SessionsHandOverActionSuccessful); ok {
				if done.Data.URL != row.url+done.Data.MagicToken || !strings.HasPrefix(done.Data.MagicToken, "plal_") {
					t.Errorf("it is %+v", done.Data)
				}
				if slug := e.readAs("", token); slug != "invalid-token" {
					t.Errorf("the session is %s", slug)
				}
				made := e.exchange(done.Data.MagicToken, verifier).(client.SessionsMagicLinkCreateActionSuccessful).Data
				if made.Application != row.app || made.Token == token || made.Token == "" {
					t.Errorf("the new session is %+v", made)
				}
			}
		})
	}
}

func TestHandedOver(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		verifier string
		later    time.Duration
		change   string // by SQL, after the session was handed over
		want     string
		links    int // left
	}{
		{"the right verifier", verifier, 0, "", "action-successful", 0},
		{"another verifier", strings.Repeat("x", 43), 0, "", "invalid-magic-link", 1},
		{"no verifier", "", 0, "", "invalid-magic-link", 1},
		{"the challenge instead", challengeOf(verifier), 0, "", "invalid-magic-link", 1},
		{"in the last moment", verifier, time.Minute - time.Millisecond, "", "action-successful", 0},
		{"after a minute", verifier, time.Minute, "", "magic-link-expired", 1},
		{"the seven days of the session have passed", verifier, 0, "UPDATE links SET session_created_at = session_created_at - interval '7 days'", "magic-link-expired", 1},
		{"the same with remember_me", verifier, 0, "UPDATE users SET remember_me = true; UPDATE links SET session_created_at = session_created_at - interval '7 days'", "action-successful", 0},
		{"a mailed link needs none", "", 0, "UPDATE links SET kind = 'magic'", "action-successful", 0},
		{"another kind of link", verifier, 0, "UPDATE links SET kind = 'reset'", "invalid-magic-link", 1},
		{"a user who lost the role since", verifier, 0, "UPDATE clients SET active = false", "user-requires-role", 0},
		{"a user who was suspended since", verifier, 0, "UPDATE users SET suspended = true", "user-suspended", 0},
		{"a user who lost the record since", verifier, 0, "DELETE FROM clients", "client-required", 0},
		{"a user who was deleted", verifier, 0, "DELETE FROM users", "invalid-magic-link", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			e.clock.stop(time.Now())
			magic := e.handOver(e.session(e.user(person{client: true}), "planoorder"))
			for statement := range strings.SplitSeq(row.change, "; ") {
				if statement != "" {
					e.exec(statement)
				}
			}
			e.clock.stop(e.clock.now().Add(row.later))
			if outcome := e.exchange(magic, row.verifier); outcome.Slug() != row.want || e.count("links") != row.links {
				t.Errorf("want %s, have %#v, with %d links left", row.want, outcome, e.count("links"))
			}
			if n := e.count("sessions"); n != ones(row.want == "action-successful" || row.want == "client-required") {
				t.Errorf("there are %d sessions", n)
			}
			if again := e.exchange(magic, verifier); row.links == 0 && again.Slug() != "invalid-magic-link" {
				t.Errorf("a second time it is %s", again.Slug())
			}
		})
	}
}

// TestHandedOverSession: the new session goes on where the old one ended, and proves nothing.
func TestHandedOverSession(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, "UPDATE applications SET sign_in_mail = true WHERE slug = 'planoorder'"))
	email := e.user(person{client: true, rememberMe: true})
	token := e.session(email, "planoorder")
	e.exec("UPDATE users SET google_subject = 'ada' WHERE email = $1", email)
	e.exec("UPDATE sessions SET created_at = created_at - interval '6 days', method = 'google'")
	var began time.Time
	check(t, e.pool.QueryRow(t.Context(), "SELECT created_at FROM sessions").Scan(&began))
	e.exec("DELETE FROM known_addresses")
	e.exec("DELETE FROM mails")
	replaced := e.session(e.user(person{client: true}), "planoorder")
	e.exec("DELETE FROM known_addresses")
	e.exec("DELETE FROM mails")
	for range 3 { // again and again
		made := e.exchange(e.handOver(token), verifier).(client.SessionsMagicLinkCreateActionSuccessful).Data
		if !made.CreatedAt.Equal(began) || made.Method != "google" || !made.LastUsedAt.After(began.Add(24*time.Hour)) || made.RedirectURL != "" {
			t.Errorf("the new session is %+v", made)
		}
		token = made.Token
	}
	if e.count("known_addresses")+e.count("mails") != 0 {
		t.Error("an address is known by it, or a mail tells of a sign-in")
	}
	if e.count("users WHERE email = $1 AND email_verified_at IS NULL AND password_hash IS NOT NULL AND remember_me AND google_subject = 'ada'", email) != 1 {
		t.Error("it verified the address, or removed what an unverified user has")
	}
	made := e.exchange(e.handOver(token), verifier, client.WithToken(replaced)).(client.SessionsMagicLinkCreateActionSuccessful).Data
	if slug := e.readAs("", replaced); slug != "invalid-token" || e.readAs("", made.Token) != "action-successful" {
		t.Errorf("the presented session is %s", slug)
	}
	e.exec("UPDATE users SET remember_me = false")
	e.clock.move(24 * time.Hour)
	e.within(busyLimit, "the seven days of the sign-in are over", func() bool { return e.readAs("", made.Token) == "session-expired" })
}

// TestHandedOverIsStillASession: what ends all sessions ends those that are being handed over.
func TestHandedOverIsStillASession(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		end  func(e *env, token client.RequestEditorFn) (client.Outcome, error)
		want string
	}{
		{"signing out everywhere", func(e *env, token client.RequestEditorFn) (client.Outcome, error) {
			return e.api.SessionsDelete(e.t.Context(), client.SessionsDeleteParams{Scope: client.All}, token)
		}, "invalid-magic-link"},
		{"signing the others out", func(e *env, token client.RequestEditorFn) (client.Outcome, error) {
			return e.api.SessionsDelete(e.t.Context(), client.SessionsDeleteParams{Scope: client.Others}, token)
		}, "invalid-magic-link"},
		{"signing out", func(e *env, token client.RequestEditorFn) (client.Outcome, error) {
			return e.api.SessionsDelete(e.t.Context(), client.SessionsDeleteParams{}, token)
		}, "action-successful"},
		{"an employee who signs the person out", func(e *env, _ client.RequestEditorFn) (client.Outcome, error) {
			return e.api.PeopleSessionsDelete(e.t.Context(), client.PeopleSessionsDeleteParams{ID: 1}, client.WithToken(e.employee("support")))
		}, "invalid-magic-link"},
		{"an employee who suspends the person for a moment", func(e *env, _ client.RequestEditorFn) (client.Outcome, error) {
			outcome, err := e.api.PeopleUpdate(e.t.Context(), client.PeopleUpdateParams{ID: 1, Suspended: new(true)}, client.WithToken(e.employee("support")))
			e.exec("UPDATE users SET suspended = false")
			return outcome, err
		}, "invalid-magic-link"},
		{"a new password", func(e *env, token client.RequestEditorFn) (client.Outcome, error) {
			return e.api.UsersPasswordUpdate(e.t.Context(), client.UsersPasswordUpdateParams{Password: "nanoseconds on a wire", CurrentPassword: goodPassword}, token)
		}, "invalid-magic-link"},
		{"remember_me, once the session is too old", func(e *env, token client.RequestEditorFn) (client.Outcome, error) {
			e.exec("UPDATE links SET session_created_at = session_created_at - interval '7 days'")
			return e.api.PreferencesUpdate(e.t.Context(), client.PreferencesUpdateParams{RememberMe: true}, token)
		}, "invalid-magic-link"},
		{"remember_me, before that", func(e *env, token client.RequestEditorFn) (client.Outcome, error) {
			return e.api.PreferencesUpdate(e.t.Context(), client.PreferencesUpdateParams{RememberMe: true}, token)
		}, "action-successful"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			email := e.user(person{client: true})
			other, magic := e.session(email, "planoorder"), e.handOver(e.session(email, "planoorder"))
			outcome, err := row.end(e, client.WithToken(other))
			check(t, err)
			if slug := e.exchange(magic, verifier).Slug(); outcome.Slug() != "action-successful" || slug != row.want {
				t.Errorf("it is %s, and the token then %s", outcome.Slug(), slug)
			}
		})
	}
}

// TestHandOverRaces: a session is handed over once, and what is handed over works once.
func TestHandOverRaces(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) { s.Disclosure = "opaque" }))
	token := e.session(e.user(person{client: true}), "planoorder")
	magic := make(chan string, 10)
	seen := atOnce(t, 10, func(int) (client.Outcome, error) {
		outcome, err := e.api.SessionsHandOver(t.Context(), client.SessionsHandOverParams{Challenge: challengeOf(verifier)}, client.WithToken(token))
		if done, ok := outcome.(client.SessionsHandOverActionSuccessful); ok {
			magic <- done.Data.MagicToken
		}
		return outcome, err
	})
	if seen["action-successful"] != 1 || seen["invalid-token"] != 9 {
		t.Fatalf("handing over answers %v", seen)
	}
	handed := <-magic
	seen = slugsAtOnce(10, func(int) string { return e.exchange(handed, verifier).Slug() })
	if seen["action-successful"] != 1 || seen["invalid-magic-link"] != 9 || e.count("sessions") != 1 {
		t.Errorf("the exchange answers %v", seen)
	}
}
