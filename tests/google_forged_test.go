package tests

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// TestGoogleForgeries: the provider answers what a genuine one never does.
func TestGoogleForgeries(t *testing.T) {
	t.Parallel()
	claim := func(name string, value any) func(*env, *issuer) {
		return func(_ *env, p *issuer) { p.forge = func(claims account) { claims[name] = value } }
	}
	sign := func(sign func(p *issuer, claims account) string) func(*env, *issuer) {
		return func(_ *env, p *issuer) { p.sign = func(claims account) string { return sign(p, claims) } }
	}
	answer := func(path string, handler http.HandlerFunc) func(*env, *issuer) {
		return func(_ *env, p *issuer) { p.be[path] = handler }
	}
	expires := func(after time.Duration) func(*env, *issuer) {
		return func(e *env, p *issuer) {
			now := time.Now().Truncate(time.Second)
			e.clock.stop(now)
			p.forge = func(claims account) { claims["exp"] = now.Add(after).Unix() }
		}
	}
	rows := []struct {
		name  string
		forge func(*env, *issuer)
		want  string
	}{
		{"nothing is forged", func(*env, *issuer) {}, "client-required"},
		{"the issuer is another", claim("iss", "https://accounts.google.com"), "google-sign-in-failed"},
		{"there is no issuer", claim("iss", nil), "google-sign-in-failed"},
		{"the token is for another client", claim("aud", "another-client"), "google-sign-in-failed"},
		{"the token is for nobody", claim("aud", nil), "google-sign-in-failed"},
		{"the token is for several, and another asked for it", func(_ *env, p *issuer) {
			p.forge = func(claims account) { claims["aud"] = []string{"another-client", "google-client"} }
		}, "google-sign-in-failed"},
		{"the token is for several, and this client asked for it", func(_ *env, p *issuer) {
			p.forge = func(claims account) {
				claims["aud"], claims["azp"] = []string{"another-client", "google-client"}, "google-client"
			}
		}, "client-required"},
		{"another party asked for the token", claim("azp", "another-client"), "google-sign-in-failed"},
		{"the nonce is another sign-in's", claim("nonce", "another"), "google-sign-in-failed"},
		{"there is no nonce", claim("nonce", nil), "google-sign-in-failed"},
		{"there is no expiry", claim("exp", nil), "google-sign-in-failed"},
		{"the token expired a minute ago", expires(-time.Minute), "client-required"},
		{"the token expired more than a minute ago", expires(-61 * time.Second), "google-sign-in-failed"},
		{"there is no subject", claim("sub", nil), "google-sign-in-failed"},
		{"the subject is empty", claim("sub", ""), "google-sign-in-failed"},
		{"the subject holds what no column can", claim("sub", "a\x00b"), "google-sign-in-failed"},
		{"the subject is too long", claim("sub", strings.Repeat("1", 256)), "google-sign-in-failed"},
		{"verification is no boolean", claim("email_verified", "true"), "google-sign-in-failed"},
		{"a stranger's key signed under a known name", sign(func(_ *issuer, claims account) string {
			return signed(jose.RS256, jwk(2, "first"), claims)
		}), "google-sign-in-failed"},
		{"a stranger's key signed under a new name", sign(func(_ *issuer, claims account) string {
			return signed(jose.RS256, jwk(2, "strange"), claims)
		}), "google-sign-in-failed"},
		{"nobody signed", sign(func(_ *issuer, claims account) string { return unsigned(claims) }), "google-sign-in-failed"},
		{"the public key signed as if it were a secret", sign(func(p *issuer, claims account) string {
			return signed(jose.HS256, jose.JSONWebKey{Key: publicBytes(p.keys[0]), KeyID: "first"}, claims)
		}), "google-sign-in-failed"},
		{"the claims were changed after signing", sign(func(p *issuer, claims account) string {
			parts := strings.Split(signed(jose.RS256, p.keys[0], claims), ".")
			claims["sub"] = "somebody else"
			return strings.Join([]string{parts[0], strings.Split(unsigned(claims), ".")[1], parts[2]}, ".")
		}), "google-sign-in-failed"},
		{"the ID token is garbage", sign(func(*issuer, account) string { return "eyJ.garbage" }), "google-sign-in-failed"},
		{"there is no ID token", sign(func(*issuer, account) string { return "" }), "google-sign-in-failed"},
		{"the exchange answers garbage", answer("/token", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }), "google-sign-in-failed"},
		{"the exchange crashes", answer("/token", func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			http.Error(w, "cannot take "+r.PostForm.Encode(), http.StatusBadGateway)
		}), "google-sign-in-failed"},
		{"the exchange redirects to a stranger", answer("/token", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/stranger", http.StatusTemporaryRedirect)
		}), "google-sign-in-failed"},
		{"the exchange breaks off", answer("/token", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "google-sign-in-failed"},
		{"there are no keys", answer("/jwks", http.NotFound), "google-sign-in-failed"},
		{"the keys are garbage", answer("/jwks", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{") }), "google-sign-in-failed"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := startIssuer(t)
			e := start(t, withGoogle(p.url), withSQL(orderSQL))
			f := e.browse(e.beginGoogle(), ada())
			p.set(func() { row.forge(e, p) })
			outcome, err := e.api.SessionsGoogleCreate(t.Context(), f.params())
			check(t, err)
			if outcome.Slug() != row.want {
				t.Errorf("want %s, have %#v; the log is %s", row.want, outcome, e.logs)
			}
			if row.want == "google-sign-in-failed" {
				e.nothing(row.name)
				if !strings.Contains(e.logs.String(), `"level":"WARN","msg":"sign-in with Google failed"`) {
					t.Error("the log does not say so")
				}
			}
			if p.called("/stranger") != 0 {
				t.Error("a stranger was sent the code")
			}
		})
	}
}

// TestGoogleKeysRotate: a new key is fetched when a token first names it, and an old one works as long as it
// is published.
func TestGoogleKeysRotate(t *testing.T) {
	t.Parallel()
	p := startIssuer(t)
	e := start(t, withGoogle(p.url), withSQL(orderSQL))
	as := ada()
	sign := func(want string, keys ...jose.JSONWebKey) {
		t.Helper()
		p.set(func() { p.keys = keys })
		if outcome := e.googleSignIn(as); outcome.Slug() != want {
			t.Errorf("want %s, have %#v; the log is %s", want, outcome, e.logs)
		}
	}
	sign("client-required", jwk(0, "first"))
	sign("client-required", jwk(0, "first"))
	if n := p.called("/jwks"); n != 1 {
		t.Errorf("the keys were read %d times", n)
	}
	sign("client-required", jwk(0, "first"), jwk(1, "second"))
	sign("client-required", jwk(1, "second"), jwk(0, "first"))
	if n := p.called("/jwks"); n != 2 {
		t.Errorf("the keys were read %d times", n)
	}
	sign("client-required", jwk(1, "second"))
	if n := p.called("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("Google was discovered %d times", n)
	}
	if e.count("users") != 1 || e.count("sessions") != 5 {
		t.Error("there is not one user with five sessions")
	}
}

// TestGoogleUnavailable: Google is not configured or does not answer. Sign-in works again as soon as Google
// does.
func TestGoogleUnavailable(t *testing.T) {
	t.Parallel()
	begin := func(e *env) string {
		outcome, err := e.api.SessionsGoogleAuthorize(t.Context(), client.SessionsGoogleAuthorizeParams{Application: "planoorder"})
		check(t, err)
		return outcome.Slug()
	}
	exchange := func(e *env) string {
		outcome, err := e.api.SessionsGoogleCreate(t.Context(), client.SessionsGoogleCreateParams{Code: "c", State: "s", Verifier: "v"})
		check(t, err)
		return outcome.Slug()
	}
	rows := map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("<html>", 1000)) },
		"another": func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, 200, map[string]any{"issuer": "https://evil.example", "token_endpoint": "https://evil.example/token"})
		},
		"redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"drops":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"stalls":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	for name, handler := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startIssuer(t)
			p.be["/.well-known/openid-configuration"] = handler
			e := start(t, withGoogle(p.url), withSQL(orderSQL))
			began := time.Now()
			var both sync.WaitGroup
			for _, operation := range []func(*env) string{begin, exchange} {
				both.Go(func() {
					if slug := operation(e); slug != "google-sign-in-failed" {
						t.Errorf("the answer is %s", slug)
					}
				})
			}
			both.Wait()
			if took := time.Since(began); took > 9*time.Second {
				t.Errorf("it took %v", took)
			}
			if n := e.count("google_states"); n != 0 || len(e.logs.String()) > 5000 {
				t.Errorf("there are %d states, and the log is %s", n, e.logs)
			}
			p.set(func() { clear(p.be) })
			if outcome := e.googleSignIn(ada()); outcome.Slug() != "client-required" {
				t.Errorf("later it is %#v", outcome)
			}
		})
	}
	t.Run("not configured", func(t *testing.T) {
		t.Parallel()
		e := start(t, withSQL(orderSQL))
		if one, other := begin(e), exchange(e); one != "google-sign-in-failed" || other != one {
			t.Errorf("the answers are %s and %s", one, other)
		}
	})
	t.Run("half configured", func(t *testing.T) {
		t.Parallel()
		settings := cheapSettings
		settings.GoogleClientID = "google-client"
		if _, err := impl.New(settings, nil, nil, nil, nil); err == nil || !strings.Contains(err.Error(), "GOOGLE_CLIENT_SECRET") {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestGoogleExample: the params of TestExamples and TestCommonSteps sign Ada in.
func TestGoogleExample(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(startIssuer(t).url))
	e.user(person{email: "ada@example.com", client: true})
	params := map[string]any{"code": "of the spec", "view": "minimal"}
	googleExample(e, params)
	for _, o := range specOperations() {
		if o.id == "sessionsGoogleCreate" {
			a := e.send(o.method, o.path, o.encode(t, params), "Content-Type", o.contentType())
			if a.status() != "action-successful" {
				t.Errorf("the answer is %s", a.text)
			}
		}
	}
}
