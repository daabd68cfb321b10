package tests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

var linkForm = regexp.MustCompile(`https?://[a-z0-9.:]+/(magic|reset|verify|email)\?token=(plal_[a-z2-7]{56})\s`)

// mailedLink returns the token of the newest link of a kind (magic, reset, verify, email) that was mailed to an
// address.
func (e *env) mailedLink(kind, email string) string {
	e.t.Helper()
	mails := e.mandrill.mails()
	for i := len(mails) - 1; i >= 0; i-- {
		if found := linkForm.FindStringSubmatch(mails[i].Text); found != nil && found[1] == kind && mails[i].To == email {
			return found[2]
		}
	}
	e.t.Fatalf("no %s link was mailed to %s", kind, email)
	return ""
}

// mailedURL returns the newest link of a kind that was mailed to an address, where PUBLIC_URL is the server's own.
func (e *env) mailedURL(kind, email string) string {
	e.t.Helper()
	links := regexp.MustCompile(regexp.QuoteMeta(e.url) + "/" + kind + `\?token=plal_[a-z2-7]{56}`)
	for _, mail := range slices.Backward(e.mandrill.mails()) {
		if link := links.FindString(mail.Text); link != "" && mail.To == email {
			return link
		}
	}
	e.t.Fatalf("no link of the kind %s was mailed to %s", kind, email)
	return ""
}

// magicLink requests a magic link and returns the token that was mailed.
func (e *env) magicLink(email, application string) string {
	e.t.Helper()
	params := client.SessionsMagicLinkRequestParams{Email: email, Application: application, RedirectURL: e.redirect}
	want[client.SessionsMagicLinkRequestActionSuccessful](e.api.SessionsMagicLinkRequest(e.t.Context(), params))(e.t)
	return e.mailedLink("magic", email)
}

// resetLink does the same for a reset link.
func (e *env) resetLink(email string) string {
	e.t.Helper()
	params := client.UsersPasswordResetRequestParams{Email: email, Application: "planoorder"}
	want[client.UsersPasswordResetRequestActionSuccessful](e.api.UsersPasswordResetRequest(e.t.Context(), params))(e.t)
	return e.mailedLink("reset", email)
}

func TestLinkRequests(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		person   person
		email    string // "" for the person's own
		app      string
		redirect string
		mandrill string
		want     string
		errors   string
		links    int // made
		mails    int // accepted by Mandrill
	}{
		{"a client", person{client: true}, "", "planoorder", "", "", "action-successful", "", 1, 1},
		{"a client with a redirect", person{client: true}, "", "planoorder", "https://order.example/a?b=c", "", "action-successful", "", 1, 1},
		{"an address in mixed case", person{email: "ada.lovelace@example.com", client: true}, " Ada.Lovelace@Example.com ", "planoorder", "", "", "action-successful", "", 1, 1},
		{"a user without a password", person{client: true, noPassword: true}, "", "planoorder", "", "", "action-successful", "", 1, 1},
		{"a user without a role gets a link all the same, which reveals no roles", person{employee: true}, "", "planoorder", "", "", "action-successful", "", 1, 1},
		{"an unknown address", person{client: true}, "nobody@example.com", "planoorder", "", "", "email-not-found", "", 0, 0},
		{"an unknown application", person{client: true}, "", "planonothing", "", "", "invalid-param", "application exists", 0, 0},
		{"a redirect to elsewhere", person{client: true}, "", "planoorder", "https://evil.example/", "", "invalid-param", "redirect_url allowed", 0, 0},
		{"Mandrill is down", person{client: true}, "", "planoorder", "", "down", "mandrill-email-failed", "", 1, 0},
		{"Mandrill rejects the address", person{client: true}, "", "planoorder", "", "rejected", "mandrill-email-failed", "", 1, 0},
	}
	for _, row := range rows {
		for _, kind := range []string{"magic", "reset"} {
			t.Run(kind+" link: "+row.name, func(t *testing.T) {
				t.Parallel()
				e := start(t, withSQL(orderSQL))
				email := e.user(row.person)
				e.mandrill.be(row.mandrill)
				if row.email != "" {
					email = row.email
				}
				var outcome client.Outcome
				var err error
				if kind == "magic" {
					outcome, err = e.api.SessionsMagicLinkRequest(t.Context(), client.SessionsMagicLinkRequestParams{Email: email, Application: row.app, RedirectURL: row.redirect})
				} else {
					outcome, err = e.api.UsersPasswordResetRequest(t.Context(), client.UsersPasswordResetRequestParams{Email: email, Application: row.app, RedirectURL: row.redirect})
				}
				check(t, err)
				if outcome.Slug() != row.want {
					t.Errorf("want %s, have %#v", row.want, outcome)
				}
				if refused, ok := outcome.(client.InvalidParam); ok && errorsOf(refused.Errors) != row.errors {
					t.Errorf("the errors are %s", errorsOf(refused.Errors))
				}
				if e.count("links WHERE kind = $1 AND redirect_url = $2", kind, row.redirect) != row.links || e.count("links") != row.links {
					t.Errorf("there are %d links", e.count("links"))
				}
				if n := len(e.mandrill.mails()); n != row.mails || e.count("mails") != row.links {
					t.Errorf("%d mails were accepted, %d made", n, e.count("mails"))
				}
				if e.count("sessions") != 0 || e.count("users WHERE email_verified_at IS NOT NULL") != 0 {
					t.Error("a request alone made a session, or proved an address")
				}
			})
		}
	}
}

// TestMagicLinkNeedsARedirect: a magic link leads to the product, so there must be a URL.
func TestMagicLinkNeedsARedirect(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	refused := want[client.InvalidParam](e.api.SessionsMagicLinkRequest(t.Context(), client.SessionsMagicLinkRequestParams{Email: email, Application: "planox2"}))(t)
	if errorsOf(refused.Errors) != "redirect_url required" || e.count("links") != 0 || e.count("mails") != 0 {
		t.Errorf("the errors are %v", refused.Errors)
	}
	want[client.UsersPasswordResetRequestActionSuccessful](e.api.UsersPasswordResetRequest(t.Context(), client.UsersPasswordResetRequestParams{Email: email, Application: "planox2"}))(t)
}

func TestMagicLinkCreate(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		person   person
		later    time.Duration
		change   string // by SQL, after the request
		token    func(token string) string
		want     string
		sessions int
		links    int // left
	}{
		{"a client", person{client: true}, 0, "", nil, "action-successful", 1, 0},
		{"a user without a password", person{client: true, noPassword: true}, 0, "", nil, "action-successful", 1, 0},
		{"just before 15 minutes", person{client: true}, 15*time.Minute - time.Second, "", nil, "action-successful", 1, 0},
		{"after 15 minutes", person{client: true}, 15 * time.Minute, "", nil, "magic-link-expired", 0, 1},
		{"a user without a record", person{}, 0, "", nil, "client-required", 1, 0},
		{"a user without a role uses the link up", person{employee: true}, 0, "", nil, "user-requires-role", 0, 0},
		{"a mistyped token", person{client: true}, 0, "", func(token string) string {
			return token[:len(token)-1] + map[bool]string{true: "b", false: "a"}[strings.HasSuffix(token, "a")]
		}, "invalid-magic-link", 0, 1},
		{"a session's token", person{client: true}, 0, "", func(token string) string { return strings.Replace(token, "plal_", "plas_", 1) }, "invalid-magic-link", 0, 1},
		{"another kind of link", person{client: true}, 0, "UPDATE links SET kind = 'reset'", nil, "invalid-magic-link", 0, 1},
		{"a user who was deleted", person{client: true}, 0, "DELETE FROM users", nil, "invalid-magic-link", 0, 0},
		{"an application that was deleted", person{client: true}, 0, "DELETE FROM applications WHERE slug = 'planoorder'", nil, "invalid-magic-link", 0, 0},
		{"a user who lost the role since", person{client: true}, 0, "UPDATE clients SET active = false", nil, "user-requires-role", 0, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			token := e.magicLink(e.user(row.person), "planoorder")
			if row.change != "" {
				e.exec(row.change)
			}
			if row.token != nil {
				token = row.token(token)
			}
			if row.later > 0 {
				var made time.Time
				check(t, e.pool.QueryRow(t.Context(), "SELECT created_at FROM links").Scan(&made))
				e.clock.stop(made.Add(row.later))
			}
			outcome, err := e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token})
			check(t, err)
			if outcome.Slug() != row.want {
				t.Errorf("want %s, have %#v", row.want, outcome)
			}
			if e.count("sessions") != row.sessions || e.count("links") != row.links {
				t.Errorf("there are %d sessions and %d links", e.count("sessions"), e.count("links"))
			}
			if used := row.links == 0 && row.want != "invalid-magic-link"; used != (e.count("users WHERE email_verified_at IS NOT NULL") == 1) {
				t.Error("only a link that was used verifies the address")
			}
			again, err := e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token})
			check(t, err)
			if row.links == 0 && again.Slug() != "invalid-magic-link" {
				t.Errorf("a second time it is %s", again.Slug())
			}
		})
	}
}

// TestMagicLinkSession: the session has the application and redirect of the request, and a presented session
// ends.
func TestMagicLinkSession(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL))
	email := e.user(person{client: true})
	e.exec("UPDATE users SET email_verified_at = now()")
	old := e.signIn(email)
	e.redirect = "https://order.example/cart?id=7"
	params := client.SessionsMagicLinkCreateParams{MagicToken: e.magicLink(email, "planoorder"), View: client.Full, SessionView: client.Minimal, ApplicationView: client.Minimal}
	made := want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(), params, client.WithToken(old)))(t)
	if d := made.Data; d.RedirectURL != e.redirect || d.Application != "planoorder" || d.Method != "magic_link" || d.User.Email != email || made.Session.Token != d.Token || made.Application.Slug != "planoorder" {
		t.Errorf("the session is %+v", made)
	}
	if !made.Data.User.EmailVerified {
		t.Error("the address is not verified")
	}
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(old)))(t)
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(made.Data.Token)))(t)
	if e.count("users WHERE password_hash IS NULL") != 0 {
		t.Error("a verified user lost the password")
	}

	token := e.magicLink(email, "planoorder")
	e.exec("UPDATE applications SET url = 'https://new.example' WHERE slug = 'planoorder'")
	e.within(busyLimit, "the redirect is allowed no longer", func() bool {
		_, err := e.api.SessionsMagicLinkRequest(t.Context(), client.SessionsMagicLinkRequestParams{Email: "nobody@example.com", Application: "planoorder", RedirectURL: e.redirect})
		check(t, err)
		outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: "x", Application: "planoorder", RedirectURL: e.redirect})
		check(t, err)
		return outcome.Slug() == "invalid-param"
	})
	checked := want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token}))(t)
	if checked.Data.RedirectURL != "" {
		t.Errorf("a redirect that is allowed no longer is handed back: %s", checked.Data.RedirectURL)
	}
}

// TestLinksSideBySide: three links of a kind work in each application. A fourth replaces the oldest one.
func TestLinksSideBySide(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, "UPDATE applications SET url = 'https://x2.example', redirect_origins = '{https://x2.example}' WHERE slug = 'planox2'"))
	email := e.user(person{client: true})
	use := func(token string) string {
		outcome, err := e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token})
		check(t, err)
		return outcome.Slug()
	}
	elsewhere, reset := e.magicLink(email, "planox2"), e.resetLink(email)
	var links []string
	for range 4 {
		links = append(links, e.magicLink(email, "planoorder"))
	}
	for i, want := range []string{"invalid-magic-link", "action-successful", "action-successful", "action-successful"} {
		if slug := use(links[i]); slug != want {
			t.Errorf("the link %d is %s", i, slug)
		}
	}
	if slug := use(elsewhere); slug != "action-successful" {
		t.Errorf("the link of another application is %s", slug)
	}
	want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{ResetToken: reset, Password: "nanoseconds on a wire"}))(t)
}

// TestStrangersEndNobodysLink: strangers request as many links as they may, in both applications. The link that
// the owner has requested from a known address works all the same.
func TestStrangersEndNobodysLink(t *testing.T) {
	t.Parallel()
	const home = "198.51.100.77"
	e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) { s.ThrottleLinks = []int{3, 10}; behindProxy(s) }))
	email := e.user(person{client: true})
	if slug := e.guess(email, goodPassword, home); slug != "action-successful" {
		t.Fatal(slug)
	}
	if slug := e.requestFrom(email, home); slug != "action-successful" {
		t.Fatal(slug)
	}
	owners := e.mailedLink("magic", email)
	for range 2 {
		for i := range 5 {
			e.requestFrom(email, fmt.Sprintf("203.0.113.%d", i))
		}
		e.clock.move(11 * time.Minute)
	}
	e.clock.move(-8 * time.Minute)
	want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: owners}))(t)
}

// TestPasswordsEndLinks: setting a password, by whatever way, ends all links of the user.
func TestPasswordsEndLinks(t *testing.T) {
	t.Parallel()
	const password = "nanoseconds on a wire"
	rows := []struct {
		name   string
		person person
		set    func(e *env, email string) (client.Outcome, error)
	}{
		{"a change", person{client: true}, func(e *env, email string) (client.Outcome, error) {
			return e.api.UsersPasswordUpdate(e.t.Context(), client.UsersPasswordUpdateParams{Password: password, CurrentPassword: goodPassword}, client.WithToken(e.session(email, "planoorder")))
		}},
		{"a first password", person{client: true, noPassword: true}, func(e *env, email string) (client.Outcome, error) {
			return e.api.UsersPasswordUpdate(e.t.Context(), client.UsersPasswordUpdateParams{Password: password}, client.WithToken(e.session(email, "planoorder")))
		}},
		{"a reset", person{client: true}, func(e *env, email string) (client.Outcome, error) {
			return e.api.UsersPasswordReset(e.t.Context(), client.UsersPasswordResetParams{Password: password, ResetToken: e.resetLink(email)})
		}},
		{"a registration", person{noPassword: true}, func(e *env, email string) (client.Outcome, error) {
			return e.api.UsersClientRegister(e.t.Context(), client.UsersClientRegisterParams{Application: "planoorder",
				Client: client.UsersClientRegisterClient{Password: password, FirstName: "Ada", LastName: "Lovelace"}}, client.WithToken(e.session(email, "planoorder")))
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			email := e.user(row.person)
			magic, reset := e.magicLink(email, "planoorder"), e.resetLink(email)
			outcome, err := row.set(e, email)
			check(t, err)
			if outcome.Slug() != "action-successful" || e.count("links") != 0 {
				t.Errorf("it is %s, and leaves %d links", outcome.Slug(), e.count("links"))
			}
			want[client.InvalidMagicLink](e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: magic}))(t)
			want[client.InvalidResetLink](e.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{ResetToken: reset, Password: goodPassword}))(t)
		})
	}
}

// TestLinksAreSingleUse uses a link of each kind in twenty concurrent requests.
func TestLinksAreSingleUse(t *testing.T) {
	t.Parallel()
	rows := []struct {
		kind, lost string
		use        func(e *env, token, session string) (client.Outcome, error)
	}{
		{"magic", "invalid-magic-link", func(e *env, token, _ string) (client.Outcome, error) {
			return e.api.SessionsMagicLinkCreate(e.t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token})
		}},
		{"reset", "invalid-reset-link", func(e *env, token, _ string) (client.Outcome, error) {
			return e.api.UsersPasswordReset(e.t.Context(), client.UsersPasswordResetParams{ResetToken: token, Password: "nanoseconds on a wire"})
		}},
		{"verify", "invalid-verification-link", func(e *env, token, session string) (client.Outcome, error) {
			return e.api.UsersEmailVerify(e.t.Context(), client.UsersEmailVerifyParams{VerificationToken: token}, client.WithToken(session))
		}},
	}
	for _, row := range rows {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			registered := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
			token := ""
			switch row.kind {
			case "magic":
				token = e.magicLink("new@example.com", "planoorder")
			case "reset":
				token = e.resetLink("new@example.com")
			default:
				token = e.mailedLink("verify", "new@example.com")
			}
			seen := atOnce(t, 20, func(int) (client.Outcome, error) { return row.use(e, token, registered.Session.Token) })
			if seen["action-successful"] != 1 || seen[row.lost] != 19 {
				t.Errorf("the outcomes are %v", seen)
			}
		})
	}
}

// TestLinksAreDigestsOnly: once its mail was sent, a token is neither in the database nor in the log.
func TestLinksAreDigestsOnly(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL))
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
	tokens := []string{e.mailedLink("verify", "new@example.com"), e.magicLink("new@example.com", "planoorder"), e.resetLink("new@example.com")}
	var dump string
	check(t, e.pool.QueryRow(t.Context(), `SELECT string_agg(row, '') FROM (SELECT l::text AS row FROM links l UNION ALL SELECT m::text FROM mails m
		UNION ALL SELECT n::text FROM notifications n UNION ALL SELECT j::text FROM river_job j) rows`).Scan(&dump))
	for _, token := range tokens {
		if strings.Contains(dump, token) || strings.Contains(e.logs.String(), token) {
			t.Error("a token is stored or logged")
		}
	}
	if !strings.Contains(dump, "new@example.com") {
		t.Error("the dump is empty")
	}
}

// TestTakeover: an attacker registers the victim's address in advance. Once the victim verifies the address,
// nothing of the attacker's is left.
func TestTakeover(t *testing.T) {
	t.Parallel()
	const victim = "victim@example.com"
	rows := []struct {
		name     string
		verify   func(e *env)
		password bool // is one left, the victim's
	}{
		{"by magic link", func(e *env) {
			want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(e.t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: e.magicLink(victim, "planoorder")}))(e.t)
		}, false},
		{"by reset", func(e *env) {
			want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(e.t.Context(), client.UsersPasswordResetParams{ResetToken: e.resetLink(victim), Password: "the victim's own secret"}))(e.t)
		}, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			attacker := client.WithToken(want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration(victim)))(t).Session.Token)
			want[client.PreferencesUpdateActionSuccessful](e.api.PreferencesUpdate(t.Context(), client.PreferencesUpdateParams{RememberMe: true}, attacker))(t)
			e.exec("UPDATE users SET google_subject = 'attacker'")

			row.verify(e)

			want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, attacker))(t)
			signIn, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: victim, Password: registration(victim).Client.Password, Application: "planoorder"})
			check(t, err)
			if signIn.Slug() == "action-successful" {
				t.Error("the attacker's password still works")
			}
			if e.count("users WHERE remember_me OR google_subject IS NOT NULL OR email_verified_at IS NULL") != 0 {
				t.Error("something is left of the attacker's")
			}
			if e.count("users WHERE password_hash IS NOT NULL") == 1 != row.password {
				t.Error("the password is not as it should be")
			}
			if e.count("mails WHERE kind = 'password_removed'") == 1 == row.password {
				t.Error("the user must be mailed that the password was removed, and only then")
			}
			if row.password && e.count("known_addresses") != 0 {
				t.Error("the attacker's address is still a known one")
			}
		})
	}
}

// TestLinksWhileClocksDiffer: a request whose clock is behind that of an earlier request is not taken for an
// older one. Each answer of 200 means a mail with a link that works.
func TestLinksWhileClocksDiffer(t *testing.T) {
	t.Parallel()
	for _, disclosure := range []string{"precise", "opaque"} {
		t.Run(disclosure, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) { s.Disclosure = disclosure }))
			email := e.user(person{client: true})
			for i, ahead := range []time.Duration{0, -3 * time.Second} {
				e.clock.move(ahead)
				want[client.SessionsMagicLinkRequestActionSuccessful](e.api.SessionsMagicLinkRequest(t.Context(),
					client.SessionsMagicLinkRequestParams{Email: email, Application: "planoorder", RedirectURL: e.redirect}))(t)
				want[client.UsersPasswordResetRequestActionSuccessful](e.api.UsersPasswordResetRequest(t.Context(),
					client.UsersPasswordResetRequestParams{Email: email, Application: "planoorder"}))(t)
				e.within(busyLimit, "both links are mailed", func() bool { return len(e.mandrill.mails()) == 2*(i+1) })
			}
			want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(),
				client.SessionsMagicLinkCreateParams{MagicToken: e.mailedLink("magic", email)}))(t)
		})
	}
}

// TestConcurrentChangesBeforeVerification: what a stranger changes between the look-up and the use of the
// first link that verifies the address is reverted. Changes with a session that the link has ended are
// refused.
func TestConcurrentChangesBeforeVerification(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, before string // what holds the user's row when the request comes
		request      func(e *env, link, stranger string) string
		want, left   string // what must be left of the user
	}{
		{"a password set before the link is used", "UPDATE users SET password_hash = 'a stranger''s'", func(e *env, link, _ string) string {
			outcome, err := e.api.SessionsMagicLinkCreate(e.t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: link})
			check(e.t, err)
			return outcome.Slug()
		}, "action-successful", "password_hash IS NULL AND email_verified_at IS NOT NULL"},
		{"remember_me by a session that ended", "UPDATE users SET email_verified_at = now(); DELETE FROM sessions", func(e *env, _, stranger string) string {
			outcome, err := e.api.PreferencesUpdate(e.t.Context(), client.PreferencesUpdateParams{RememberMe: true}, client.WithToken(stranger))
			check(e.t, err)
			return outcome.Slug()
		}, "invalid-token", "NOT remember_me"},
		{"a name by a session that ended", "UPDATE users SET email_verified_at = now(); DELETE FROM sessions", func(e *env, _, stranger string) string {
			outcome, err := e.api.UsersUpdate(e.t.Context(), client.UsersUpdateParams{FirstName: new("Mallory")}, client.WithToken(stranger))
			check(e.t, err)
			return outcome.Slug()
		}, "invalid-token", "first_name = 'Ada'"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			email := e.user(person{client: true, noPassword: true})
			stranger := e.session(email, "planoorder")
			e.exec("DELETE FROM users WHERE email <> $1", email)
			link := e.magicLink(email, "planoorder")
			tx, err := e.pool.Begin(t.Context())
			check(t, err)
			defer tx.Rollback(t.Context())
			_, err = tx.Exec(t.Context(), "SELECT FROM users FOR UPDATE")
			check(t, err)
			slug := make(chan string, 1)
			go func() { slug <- row.request(e, link, stranger) }()
			e.within(busyLimit, "the request waits for the user", func() bool {
				return e.count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
			})
			for statement := range strings.SplitSeq(row.before, ";") {
				_, err = tx.Exec(t.Context(), statement)
				check(t, err)
			}
			check(t, tx.Commit(t.Context()))
			if got := <-slug; got != row.want {
				t.Errorf("want %s, have %s", row.want, got)
			}
			if e.count("users WHERE "+row.left) != 1 {
				t.Errorf("it is not so that %s", row.left)
			}
		})
	}
}
