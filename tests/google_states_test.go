package tests

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/web"
)

// ada is an account without a user.
func ada() account {
	sub := rand.Text()
	return account{"sub": sub, "email": "ada@gmail.com", "email_verified": true}
}

// nothing checks that a refused sign-in left no user, session or mail.
func (e *env) nothing(what string) {
	e.t.Helper()
	if n := e.count("users") + e.count("sessions") + e.count("mails"); n != 0 {
		e.t.Errorf("%s: %d rows were made", what, n)
	}
}

// agedStates stops the clock at the time when all states have this age.
func (e *env) agedStates(age time.Duration) {
	e.t.Helper()
	now := e.clock.now().Truncate(time.Millisecond)
	e.clock.stop(now)
	e.exec("UPDATE google_states SET created_at = $1", now.Add(-age))
}

// TestGoogleStates combines states, verifiers and codes of genuine flows.
func TestGoogleStates(t *testing.T) {
	t.Parallel()
	const failed, let = "google-sign-in-failed", "client-required"
	rows := []struct {
		name  string
		play  func(e *env, mine, other *flow) client.SessionsGoogleCreateParams
		want  string
		after string // what the same page's own, right params answer then
	}{
		{"nothing is wrong", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams { return mine.params() }, let, failed},
		{"the state is ten minutes old but for a millisecond", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams {
			e.agedStates(10*time.Minute - time.Millisecond)
			return mine.params()
		}, let, failed},
		{"the state is ten minutes old", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams {
			e.agedStates(10 * time.Minute)
			return mine.params()
		}, failed, failed},
		{"the state is forged", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams {
			p := mine.params()
			p.State = strings.Repeat("A", 43)
			return p
		}, failed, let},
		{"the verifier is wrong, which uses nothing up", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams {
			p := mine.params()
			p.Verifier = strings.Repeat("A", 43)
			return p
		}, failed, let},
		{"code and state were brought into another browser", func(e *env, mine, other *flow) client.SessionsGoogleCreateParams {
			p := mine.params()
			p.Verifier = other.Verifier
			return p
		}, failed, let},
		{"the states of two browsers are swapped", func(e *env, mine, other *flow) client.SessionsGoogleCreateParams {
			p := mine.params()
			p.State = other.State
			return p
		}, failed, let},
		{"the code is another flow's", func(e *env, mine, other *flow) client.SessionsGoogleCreateParams {
			p := mine.params()
			p.Code = other.code
			return p
		}, failed, failed},
		{"the code is made up", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams {
			p := mine.params()
			p.Code = "4/made-up"
			return p
		}, failed, failed},
		{"the redirect is no longer allowed", func(e *env, mine, _ *flow) client.SessionsGoogleCreateParams {
			e.exec("UPDATE applications SET url = 'https://elsewhere.example' WHERE slug = 'planoorder'")
			e.within(busyLimit, "the change counts", func() bool {
				outcome, err := e.api.SessionsGoogleAuthorize(t.Context(), client.SessionsGoogleAuthorizeParams{Application: "planoorder", RedirectURL: orderURL})
				return err == nil && outcome.Slug() == "invalid-param"
			})
			return mine.params()
		}, failed, failed},
	}
	issuer := realGoogle(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withGoogle(issuer), withSQL(orderSQL))
			mine, other := e.browse(e.beginGoogle(), ada()), e.browse(e.beginGoogle(), ada())
			try := func(params client.SessionsGoogleCreateParams, slug string) {
				t.Helper()
				outcome, err := e.api.SessionsGoogleCreate(t.Context(), params)
				check(t, err)
				if outcome.Slug() != slug {
					t.Errorf("want %s, have %#v", slug, outcome)
				}
			}
			params := row.play(e, mine, other)
			try(params, row.want)
			if row.want == failed {
				e.nothing(row.name)
			}
			try(mine.params(), row.after)
			try(params, failed) // whatever it was, it does not work now
			if n := e.count("sessions"); n != ones(row.want == let || row.after == let) {
				t.Errorf("there are %d sessions", n)
			}
		})
	}
}

// TestGoogleStateWorksOnce: a state works once, even in 20 concurrent requests.
func TestGoogleStateWorksOnce(t *testing.T) {
	t.Parallel()
	issuer := startIssuer(t)
	e := start(t, withGoogle(issuer.url), withSQL(orderSQL))
	f := e.browse(e.beginGoogle(), ada())
	seen := atOnce(t, 20, func(int) (client.Outcome, error) { return e.api.SessionsGoogleCreate(t.Context(), f.params()) })
	if seen["client-required"] != 1 || seen["google-sign-in-failed"] != 19 || e.count("sessions") != 1 || e.count("users") != 1 {
		t.Errorf("the outcomes are %v, and there are %d sessions", seen, e.count("sessions"))
	}
	if n := issuer.called("/token"); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
}

// TestGoogleCallback tests the page that Google sends the browser to.
func TestGoogleCallback(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	back := func(query string) *http.Response {
		t.Helper()
		res, err := browser.Get(e.url + "/google/callback" + query)
		check(t, err)
		res.Body.Close()
		if res.Header.Get("Referrer-Policy") != "no-referrer" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the headers are %v", res.Header)
		}
		return res
	}
	const redirect = "https://order.example/back?a=b%20c&code=old#part"
	f := e.browse(e.beginGoogleFor(client.SessionsGoogleAuthorizeParams{Application: "planoorder", RedirectURL: redirect}), ada())
	if got := f.landed.String(); got != "https://order.example/back?a=b%20c&code="+f.landed.Query().Get("code")+"&state="+f.State+"#part" {
		t.Errorf("the browser lands at %s", got)
	}
	refused := e.browse(e.beginGoogle(), nil)
	if refused.landed.String() != orderURL+"?error=access_denied&state="+refused.State {
		t.Errorf("a refusal lands at %s", refused.landed)
	}
	for _, query := range []string{
		"", "?state=" + f.State, "?code=c", "?code=c&state=", "?code=c&state=unknown", "?error=access_denied&state=unknown",
		"?code=c&state=" + f.State + "x", "?code=c&state=%00%ff", "?code=&state=" + f.State,
	} {
		if res := back(query); res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" || res.Header.Get("Content-Security-Policy") != web.Policy {
			t.Errorf("%s: %d to %q", query, res.StatusCode, res.Header.Get("Location"))
		}
	}
	hostile := back("?code=c%0d%0aSet-Cookie:a&scope=email&state=" + f.State)
	if at := hostile.Header.Get("Location"); !strings.HasSuffix(at, "&code=c%0D%0ASet-Cookie%3Aa&state="+f.State+"#part") || len(hostile.Cookies()) > 0 {
		t.Errorf("a hostile code lands at %s", at)
	}
	if e.count("google_states") != 2 {
		t.Error("the callback has consumed a state")
	}
	e.agedStates(10 * time.Minute)
	if res := back("?code=c&state=" + f.State); res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" {
		t.Errorf("an old state answers %d", res.StatusCode)
	}
	e.agedStates(10*time.Minute - time.Millisecond)
	if res := back("?code=c&state=" + f.State); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a state that is just alive answers %d", res.StatusCode)
	}
	e.exec("UPDATE applications SET url = '' WHERE slug = 'planoorder'")
	e.within(busyLimit, "an origin that is no longer allowed is not gone to", func() bool {
		res := back("?code=c&state=" + f.State)
		return res.StatusCode == http.StatusBadRequest && res.Header.Get("Location") == ""
	})
}

// TestGoogleLeadsToPages: Google may lead back to pages of PlanoAuth for every application. The session has no such
// page as its redirect_url.
func TestGoogleLeadsToPages(t *testing.T) {
	t.Parallel()
	const page = "https://auth.example/sign-in?application=planoorder&challenge=c"
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	f := e.browse(e.beginGoogleFor(client.SessionsGoogleAuthorizeParams{Application: "planoorder", RedirectURL: page}), ada())
	if at := f.landed.String(); at != page+"&code="+f.landed.Query().Get("code")+"&state="+f.State {
		t.Errorf("the browser lands at %s", at)
	}
	made := want[client.SessionsGoogleCreateClientRequired](e.api.SessionsGoogleCreate(t.Context(), f.params()))(t).Data
	if made.RedirectURL != "" || made.Token == "" {
		t.Errorf("the session is %+v", made)
	}
	f = e.beginGoogleFor(client.SessionsGoogleAuthorizeParams{Application: "planoorder", RedirectURL: page})
	for url, want := range map[string]int{"https://auth.example/console": 400, "https://auth.example/register": 303} {
		e.exec("UPDATE google_states SET redirect_url = $1", url)
		res := e.visit("https://auth.example/google/callback?code=c&state="+f.State, nil)
		if at := res.Header.Get("Location"); res.StatusCode != want || (want == 303) != strings.HasPrefix(at, url+"?") {
			t.Errorf("%s answers %d to %q", url, res.StatusCode, at)
		}
	}
}

// TestGoogleTakeover: whoever registers somebody else's address in advance gains nothing.
func TestGoogleTakeover(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	victim := account{"sub": rand.Text(), "email": "victim@gmail.com", "email_verified": true}
	attacker := account{"sub": rand.Text(), "email": "boss@victim.example", "email_verified": true}

	// With a password: the victim gets a conflict, and nothing is linked to the attacker's account.
	taken := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("victim@gmail.com")))(t)
	users := "users u WHERE u.email = 'victim@gmail.com' AND u.email_verified_at IS NULL AND u.google_subject IS NULL AND u.password_hash IS NOT NULL"
	mails := e.count("mails")
	if outcome := e.googleSignIn(victim); outcome.Slug() != "google-account-conflict" {
		t.Errorf("the victim gets %#v", outcome)
	}
	if e.count(users) != 1 || e.count("sessions") != 1 || e.count("mails") != mails {
		t.Error("the conflict has changed something")
	}
	// The attacker's account still has an unverified address.
	read := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(taken.Session.Token)))(t)
	if read.Data.User.EmailVerified {
		t.Error("the attacker's address counts as verified")
	}

	// With a Google account that has the address but does not verify it: the user is unverified. When the
	// owner's organization comes to Google, the owner's account is not linked to the attacker's user.
	made, ok := e.googleSignIn(attacker).(client.SessionsGoogleCreateClientRequired)
	if !ok || made.Data.User.EmailVerified {
		t.Errorf("the attacker gets %#v", made)
	}
	owner := account{"sub": rand.Text(), "email": "boss@victim.example", "email_verified": true, "hd": "victim.example"}
	if outcome := e.googleSignIn(owner); outcome.Slug() != "google-account-conflict" {
		t.Errorf("the owner gets %#v", outcome)
	}
	if e.count("users WHERE google_subject = $1 AND email_verified_at IS NULL", attacker["sub"]) != 1 || e.count("users") != 2 {
		t.Error("the second conflict has changed something")
	}

	// Without a password or a link, and with an open session: the owner's sign-in ends that session.
	e.exec("UPDATE users SET google_subject = NULL, remember_me = true WHERE email = 'boss@victim.example'")
	if outcome := e.googleSignIn(owner); outcome.Slug() != "client-required" {
		t.Errorf("the owner gets %#v", outcome)
	}
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(made.Data.Token)))(t)
	if e.count("users WHERE email = 'boss@victim.example' AND google_subject = $1 AND NOT remember_me AND email_verified_at IS NOT NULL", owner["sub"]) != 1 {
		t.Error("the owner's user is not the owner's alone")
	}
	e.within(busyLimit, "the owner is notified", func() bool {
		for _, mail := range e.mandrill.mails() {
			if mail.To == "boss@victim.example" && strings.Contains(mail.Subject, "Google") && strings.Contains(mail.Text, "Hello,\n") {
				return true
			}
		}
		return false
	})
	if outcome := e.googleSignIn(attacker); outcome.Slug() != "google-account-conflict" {
		t.Errorf("the attacker gets %#v afterwards", outcome)
	}
}

// TestGoogleUnlinkedMeanwhile: a sign-in whose link is removed meanwhile does not succeed by it.
func TestGoogleUnlinkedMeanwhile(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(startIssuer(t).url), withSQL(orderSQL))
	e.user(person{email: "ada@gmail.com", client: true})
	e.exec("UPDATE users SET google_subject = 'stranger'")
	f := e.browse(e.beginGoogle(), account{"sub": "stranger", "email": "ada@gmail.com"})
	proof, err := e.pool.Begin(t.Context())
	check(t, err)
	defer proof.Rollback(t.Context())
	_, err = proof.Exec(t.Context(), "UPDATE users SET google_subject = NULL, email_verified_at = now()")
	check(t, err)
	answer := make(chan string)
	go func() {
		outcome, err := e.api.SessionsGoogleCreate(t.Context(), f.params())
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- outcome.Slug()
	}()
	e.within(busyLimit, "the sign-in waits for the proof", func() bool {
		return e.count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
	})
	check(t, proof.Commit(t.Context()))
	if slug := <-answer; slug != "google-email-unverified" || e.count("sessions") != 0 {
		t.Errorf("the answer is %s, and there are %d sessions", slug, e.count("sessions"))
	}
}
