package tests

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/planoauth/planoauth/gen/client"
)

// TestHostedPagesLong walks through the pages as the people of a product do.
func TestHostedPagesLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, flow := range map[string]func(*visit){
		"a stranger registers":                   registerAsStranger,
		"somebody who has an account":            registerTwice,
		"somebody who is no client yet signs in": signInWithoutRecord,
		"a Google user becomes a client":         registerWithGoogle,
		"a product sends a Google user":          sendGoogleUser,
		"Google refuses":                         beRefusedByGoogle,
		"a forgotten password":                   forgetPassword,
		"a mailed link":                          askForLink,
		"without an account, or suspended":       beRefused,
		"the keyboard alone":                     signInByKeyboard,
		"a product hands its session over":       beHandedOver,
		"somebody else's session is handed over": beSomebodyElse,
		"another site hands a session over":      beHandedOverByStranger,
		"a link that somebody else made":         followForeignLink,
		"a product that passes nonsense":         openWrongly,
		"texts with scripts":                     showHostileTexts,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow(startVisit(t, chromium))
		})
	}
}

// visit is a browser at a product.
type visit struct {
	*tab
	e        *env
	shop     *shop
	google   *issuer
	chromium context.Context
}

func startVisit(t *testing.T, chromium context.Context) *visit {
	s := &shop{browsers: map[string]*shopper{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	google := startIssuer(t)
	e := start(t, atPublicURL, withGoogle(google.url), withSQL("UPDATE applications SET url = '"+s.url+"/' WHERE slug = 'planoorder'"))
	s.api, s.auth = e.api, e.url
	v := &visit{openTab(t, chromium, 390, e.url, s.url, google.url), e, s, google, chromium}
	t.Cleanup(v.checkSecrets)
	return v
}

// checkSecrets fails if a token stood where others can read it.
func (v *visit) checkSecrets() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.requests {
		to := r.Request.URL
		if strings.Contains(to, "plas_") || strings.Contains(to, "plal_") && !strings.HasPrefix(to, v.shop.url+"/back?") && !strings.HasPrefix(to, v.e.url+"/magic?") && !strings.HasPrefix(to, v.e.url+"/reset?") {
			v.t.Errorf("a token stands in %s", to)
		}
		if referer := fmt.Sprint(r.Request.Headers["Referer"]); strings.Contains(referer, "plas_") || strings.Contains(referer, "plal_") || strings.Contains(referer, v.e.url) {
			v.t.Errorf("%s is told of %s", to, referer)
		}
	}
	log := v.e.logs.String()
	for _, secret := range []string{"plas_", "plal_", goodPassword, "nanoseconds", "@example.com"} {
		if strings.Contains(log, secret) {
			v.t.Errorf("the log has %s", secret)
		}
	}
}

// refuses waits until the page tells of a refusal, with a link to what that means.
func (v *visit) refuses(slug string) {
	v.t.Helper()
	v.refusesIn(slug, "What this means")
}

func (v *visit) refusesIn(slug, meaning string) {
	v.t.Helper()
	v.shows(`[role="alert"] a[href="/statuses/`+slug+`"]`, meaning)
}

// open sends the browser from the product to a page.
func (v *visit) open(path string, query ...string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.shop.url + "/go?to=" + path + "&" + string(form(query...))))
}

// shop is a product without a page to sign in.
type shop struct {
	url, auth string
	api       *client.API

	mu       sync.Mutex
	browsers map[string]*shopper // by the cookie
}

// shopper is what the product knows of a browser.
type shopper struct{ verifier, token string }

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cookie, err := r.Cookie("shop")
	if err != nil || s.browsers[cookie.Value] == nil {
		cookie = &http.Cookie{Name: "shop", Value: rand.Text(), HttpOnly: true, SameSite: http.SameSiteLaxMode}
		http.SetCookie(w, cookie)
		s.browsers[cookie.Value] = &shopper{verifier: rand.Text() + rand.Text()}
	}
	browser := s.browsers[cookie.Value]
	show := func(format string, args ...any) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Shop</title><main>`+format+`</main>`, args...)
	}
	query := url.Values{"application": {"planoorder"}, "redirect_url": {s.url + "/back?order=7"}}
	switch r.URL.Path {
	case "/go":
		query.Set("challenge", challengeOf(browser.verifier))
		for name, values := range r.URL.Query() {
			query[name] = values
		}
		query.Del("to")
		http.Redirect(w, r, s.auth+r.FormValue("to")+"?"+query.Encode(), http.StatusSeeOther)
	case "/back":
		if magic := r.FormValue("magic_token"); magic != "" {
			outcome, err := s.api.SessionsMagicLinkCreate(r.Context(), client.SessionsMagicLinkCreateParams{MagicToken: magic, Verifier: browser.verifier})
			made, ok := outcome.(client.SessionsMagicLinkCreateActionSuccessful)
			if err != nil || !ok {
				show("<h1>Not signed in: %s</h1>", outcome.Slug())
				return
			}
			browser.token = made.Data.Token
			show("<h1>Welcome %s to order %s</h1>", html.EscapeString(made.Data.User.Email), r.FormValue("order"))
			return
		}
		show("<h1>Back at order %s</h1>", r.FormValue("order"))
	case "/checkout":
		show(`<h1>Checkout</h1><form method="post" action="%s/register?%s"><input type="hidden" name="token" value="%s"><button>Go on</button></form>`,
			s.auth, html.EscapeString(query.Encode()), browser.token)
	default:
		show("<h1>The shop</h1>")
	}
}

// signedIn makes the only browser of the product one of a session that it has already.
func (s *shop) signedIn(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, browser := range s.browsers {
		browser.token = token
	}
}

func registerAsStranger(v *visit) {
	v.open("/register")
	v.shows("h1", "Create an account")
	v.inspect("register")
	v.do(click("form .button"))
	v.refuses("missing-param")
	v.shows(".error", "Enter a first name")
	v.inspect("register-refused")
	v.do(fill("[name=first_name]", "Grace"), fill("[name=last_name]", "Hopper"), fill("[name=email]", "grace@example.com"), fill("[name=password]", "password1"), click("[name=phone]"))
	v.shows(".error", "This password is easy to guess")
	v.do(fill("[name=phone]", "+1 212 555 2368"), click("[name=enterprise]"), fill("[name=company_name]", "Eckert-Mauchly"))
	v.inspect("register-filled")
	v.do(fill("[name=password]", "nanoseconds on a wire"), chromedp.KeyEvent(kb.Enter))
	v.shows("h1", "Welcome grace@example.com to order 7")
	if v.e.count("clients c JOIN users u ON u.id = c.user_id WHERE u.phone = '+12125552368' AND c.enterprise AND c.company_name = 'Eckert-Mauchly' AND u.first_name = 'Grace'") != 1 {
		v.t.Error("the client is not what was typed")
	}
	if v.e.count("sessions") != 1 {
		v.t.Error("the session of the page has not ended")
	}
}

func registerTwice(v *visit) {
	email := v.e.user(person{client: true})
	v.open("/sign-in", "lang", "es")
	v.inSpanish("sign-in", "Iniciar sesión en PlanoOrder")
	v.open("/forgot", "lang", "es")
	v.inSpanish("forgot", "Crear una contraseña nueva")
	v.open("/register", "lang", "es-ES")
	v.inSpanish("register", "Crear una cuenta")
	v.do(click("form .button"))
	v.refusesIn("missing-param", "Qué significa")
	v.inSpanish("register-refused", "Crear una cuenta")
	v.open("/register")
	v.do(fill("[name=first_name]", "Ada"), fill("[name=last_name]", "Lovelace"), fill("[name=email]", email), fill("[name=password]", "nanoseconds on a wire"), chromedp.KeyEvent(kb.Enter))
	v.shows("form .notice", "Sign in with this address")
	v.shows("[name=email][aria-invalid=true]:focus", "")
	v.inspect("register-known")
	v.do(click("form .notice .text-button"))
	v.shows("h1", "Sign in to PlanoOrder")
	if kept := evaluate[string](v.tab, `document.querySelector("[name=email]").value + " " + location.pathname`); kept != email+" /sign-in" {
		v.t.Errorf("the page keeps %s", kept)
	}
	v.do(chromedp.NavigateBack())
	v.shows("h1", "Create an account")
	v.do(chromedp.NavigateForward())
	v.shows("h1:focus", "Sign in to PlanoOrder")
	v.do(fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Welcome "+email+" to order 7")
}

func signInWithoutRecord(v *visit) {
	email := v.e.user(person{})
	v.open("/sign-in")
	v.do(fill("[name=email]", email), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Finish your registration")
	v.shows(".notice", email)
	v.inspect("become-client")
	v.do(fill("[name=first_name]", "Augusta"), click("footer [lang=es]"))
	v.inSpanish("become-client", "Termina tu registro")
	if name := evaluate[string](v.tab, `document.querySelector("[name=first_name]").value`); name != "Augusta" {
		v.t.Errorf("in the other language the name is %s", name)
	}
	v.do(click("footer [lang=en]"))
	v.shows("h1", "Finish your registration")
	v.do(click(".notice .text-button"))
	v.shows("h1:focus", "Sign in to PlanoOrder")
	if n := v.e.count("sessions"); n != 0 {
		v.t.Errorf("somebody else finds %d sessions", n)
	}
	v.do(fill("[name=email]", email), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Finish your registration")
	v.do(fill("[name=first_name]", "https://evil.example"), click("form .button"))
	v.shows(".error", "without a web address")
	v.e.exec("DELETE FROM sessions") // in the middle of the form
	v.do(click("form .button"))
	v.shows("h1", "You are not signed in any more")
	v.do(click("main > .button"))
	v.shows("h1:focus", "Sign in to PlanoOrder")
	v.do(fill("[name=email]", email), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Finish your registration")
	v.do(click("form .button"))
	v.shows("h1", "Welcome "+email+" to order 7")
}

func registerWithGoogle(v *visit) {
	v.google.set(func() {
		v.google.forge = func(claims account) {
			claims["sub"], claims["email"], claims["email_verified"], claims["given_name"], claims["family_name"] = "1", "ada@gmail.com", true, "Ada", "Lovelace"
		}
	})
	v.open("/register")
	v.shows(".button.plain", "Continue with Google")
	v.do(click(".button.plain"))
	v.shows("h1", "Finish your registration")
	if at := evaluate[string](v.tab, "location.href"); strings.Contains(at, "code=") || strings.Contains(at, "state=") || !strings.Contains(at, "/register?") {
		v.t.Errorf("the page is at %s", at)
	}
	if name := evaluate[string](v.tab, `document.querySelector("[name=first_name]").value + document.querySelector("[name=last_name]").value`); name != "AdaLovelace" {
		v.t.Errorf("the name is %s", name)
	}
	v.do(click("form .button"))
	v.shows("h1", "Welcome ada@gmail.com to order 7")
	v.open("/sign-in")
	v.do(click("main > .stack > .button.plain:first-child"))
	v.shows("h1", "Welcome ada@gmail.com to order 7")
}

// sendGoogleUser: the product signs its users in with Google itself, and one of them has no record.
func sendGoogleUser(v *visit) {
	as := account{"sub": "1", "email": "ada@gmail.com", "email_verified": true, "given_name": "Ada", "family_name": "Lovelace"}
	token := v.e.googleSignIn(as).(client.SessionsGoogleCreateClientRequired).Data.Token
	v.do(chromedp.Navigate(v.shop.url))
	v.shop.signedIn(token)
	v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
	v.shows("h1", "Finish your registration")
	v.shows(".notice", "ada@gmail.com")
	if name := evaluate[string](v.tab, `document.querySelector("[name=first_name]").value + document.querySelector("[name=last_name]").value`); name != "AdaLovelace" {
		v.t.Errorf("the name is %s", name)
	}
	v.do(click("form .button"))
	v.shows("h1", "Back at order 7")
	if _, is := v.e.googleSignIn(as).(client.SessionsGoogleCreateActionSuccessful); !is || v.e.count("clients") != 1 {
		v.t.Error("the Google user is no client")
	}
}

func beRefusedByGoogle(v *visit) {
	taken := v.e.user(person{email: "taken@gmail.com", client: true})
	begin := func(as account) {
		v.google.set(func() {
			v.google.forge = func(claims account) {
				for name, value := range as {
					claims[name] = value
				}
			}
		})
		v.open("/sign-in")
		v.do(click("main > .stack > .button.plain:first-child"))
	}
	begin(account{"sub": "1", "email": "ada@example.com"})
	v.refuses("google-email-unverified")
	v.inspect("google-unverified")
	begin(account{"sub": "2", "email": taken, "email_verified": true})
	v.refuses("google-account-conflict")
	begin(account{"aud": "somebody else"})
	v.refuses("google-sign-in-failed")
	v.google.set(func() {
		v.google.be["/auth"] = func(w http.ResponseWriter, r *http.Request) {
			back := url.Values{"state": {r.FormValue("state")}, "error": {"access_denied"}}
			http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
		}
	})
	begin(nil)
	v.shows(".notice", "Google did not sign you in")
	v.inspect("google-declined")
	v.do(fill("[name=email]", taken), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Welcome "+taken+" to order 7")
	v.google.set(func() {
		v.google.be["/auth"] = func(w http.ResponseWriter, r *http.Request) {
			v.e.clock.move(10 * time.Minute)
			http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+url.Values{"state": {r.FormValue("state")}, "code": {"c"}}.Encode(), http.StatusFound)
		}
	})
	begin(nil)
	v.shows("h1", "Start again with Google")
	v.inspect("google-late")
	v.do(click("a.button"))
	v.shows("h1", "Sign in to PlanoOrder")
}

func forgetPassword(v *visit) {
	email := v.e.user(person{client: true})
	v.open("/sign-in")
	v.do(fill("[name=email]", email), fill("[name=password]", "wrong"), click("form .button"))
	v.shows("form .notice", "Forgotten your password?")
	v.shows("[name=password][aria-invalid=true]:focus", "")
	v.shows(".error", "The password is not right")
	v.inspect("sign-in-refused")
	v.do(click("form .notice .text-button"))
	v.shows("h1", "Set a new password")
	v.inspect("forgot")
	v.do(click("form .button"))
	v.shows("h1", "Check your mail")
	v.shows("main", email)
	v.inspect("forgot-sent")
	reset := v.e.mailedLink("reset", email)
	if v.e.count("links WHERE kind = 'reset' AND redirect_url = $1", v.shop.url+"/back?order=7") != 1 {
		v.t.Error("the link does not lead back")
	}
	v.do(click("main > .links .text-button"))
	v.shows("h1:focus", "Set a new password")
	v.do(fill("[name=email]", "nobody@example.com"), click("form .button"))
	v.shows("form .notice", "Create an account")
	v.shows("[name=email][aria-invalid=true]:focus", "")
	v.inspect("forgot-refused")
	v.do(chromedp.Navigate(v.e.url + "/forgot?application=planoorder&email=" + url.QueryEscape(email)))
	v.shows("main > .links", "Back to PlanoOrder")
	v.do(click("form .button"))
	v.shows("h1", "Check your mail")
	if n := v.e.count("links WHERE kind = 'reset'"); n != 2 {
		v.t.Errorf("there are %d links", n)
	}
	v.do(chromedp.Navigate(v.e.url + "/reset?token=" + reset))
	v.shows("h1", "Set a new password")
	v.do(fill("[name=password]", nextPassword), click("form .button"))
	v.shows("h1", "Your password is set")
	v.do(click("main a.button"))
	v.shows("h1", "Back at order 7")
	v.open("/sign-in")
	v.do(fill("[name=email]", email), fill("[name=password]", nextPassword), click("form .button"))
	v.shows("h1", "Welcome "+email+" to order 7")
}

func askForLink(v *visit) {
	email := v.e.user(person{client: true, noPassword: true})
	v.open("/sign-in")
	v.shows("h1", "Sign in to PlanoOrder")
	v.inspect("sign-in")
	v.do(click("form + .button.plain"))
	v.shows(".error", "Enter an e-mail address")
	v.do(fill("[name=email]", email), fill("[name=password]", "guess"), click("form .button"))
	v.shows("form .notice", "E-mail me a sign-in link")
	v.shows("[name=password][aria-invalid=true]:focus", "")
	v.do(click("form .notice .text-button"))
	v.shows("h1", "Check your mail")
	v.inspect("sign-in-link-sent")
	v.do(chromedp.Navigate(v.e.url + "/magic?token=" + v.e.mailedLink("magic", email)))
	v.shows("h1", "Sign in")
	v.do(click("a.button"))
	v.shows("h1", "Welcome "+email+" to order 7")
}

func beRefused(v *visit) {
	v.e.exec("UPDATE applications SET support_url = 'mailto:help@example.com', accent_color = '#c2410c', logo = $1 WHERE slug = 'planoorder'", logo(v.t, 64))
	v.e.within(busyLimit, "the support_url counts", func() bool {
		return strings.Contains(v.e.send("GET", "/forgot?application=planoorder", nil).text, "mailto:help@example.com")
	})
	email := v.e.user(person{client: true})
	v.e.exec("UPDATE users SET suspended = true")
	v.open("/sign-in")
	v.do(fill("[name=email]", email), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("form .notice", "Help")
	v.inspect("sign-in-suspended")
	v.do(fill("[name=email]", "nobody@example.com"), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("form .notice", "Create an account")
	v.do(click("form .notice .text-button"))
	v.shows("h1", "Create an account")
	if kept := evaluate[string](v.tab, `document.querySelector("[name=email]").value`); kept != "nobody@example.com" {
		v.t.Errorf("the page keeps %s", kept)
	}
	v.e.exec("UPDATE routes SET deployed_at = NULL WHERE path LIKE '%/sessions/create'")
	v.e.within(busyLimit, "the route is undeployed", func() bool {
		return v.e.send("POST", "/api/v1/sessions/create", b64("{}"), "Content-Type", "text/plain").status() == "route-not-found"
	})
	v.do(click("main > .links .text-button"), fill("[name=password]", goodPassword), click("form .button"))
	v.refuses("route-not-found")

	v.e.exec("UPDATE routes SET deployed_at = now()")
	v.e.exec("UPDATE applications SET admits = '{liaison}' WHERE slug = 'planoorder'")
	v.e.within(busyLimit, "clients are not admitted", func() bool { return v.e.send("GET", "/register"+hostedQuery("redirect_url", ""), nil).code == 400 })
	v.e.signIn(v.e.user(person{email: "ada@example.com"}))
	v.open("/sign-in")
	v.do(fill("[name=email]", "ada@example.com"), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "This account has no access")
	v.inspect("no-access")
	v.do(click("footer [lang=es]"))
	v.inSpanish("no-access", "Esta cuenta no tiene acceso")
	v.do(click("a.button"))
	v.shows("h1", "Back at order 7")
}

func signInByKeyboard(v *visit) {
	email := v.e.user(person{client: true})
	v.open("/sign-in")
	v.shows("h1", "Sign in to PlanoOrder")
	at := func(want string) step {
		return func(ctx context.Context, _ *chromedp.Target) (void chromedp.Void, _ error) {
			const where = `(e => (e.name || e.innerText) + (getComputedStyle(e).outlineStyle === "none" ? " without a ring" : ""))(document.activeElement)`
			if got, err := chromedp.Run(ctx, chromedp.Evaluate[string](where)); err != nil || got != want {
				v.t.Errorf("the focus is at %q, not at %s: %v", got, want, err)
			}
			return void, nil
		}
	}
	tab := chromedp.KeyEvent(kb.Tab)
	v.do(tab, at("Continue with Google"), tab, at("email"), chromedp.KeyEvent(email), tab, at("password"), chromedp.KeyEvent("wrong"), tab, at("Show"), tab, at("Sign in"), chromedp.KeyEvent(kb.Enter))
	v.shows("[name=password][aria-invalid=true]:focus", "")
	v.do(chromedp.KeyEvent(goodPassword), chromedp.KeyEvent(kb.Enter)) // in place of the wrong one, which is selected
	v.shows("h1", "Welcome "+email+" to order 7")
}

func beHandedOver(v *visit) {
	email := v.e.user(person{})
	token := v.e.signIn(email)
	v.do(chromedp.Navigate(v.shop.url))
	v.shop.signedIn(token)
	v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
	v.shows("h1", "Finish your registration")
	v.shows(".notice", email)
	v.inspect("handed-over")
	v.do(click("form .button"))
	v.shows("h1", "Back at order 7")
	if at := evaluate[string](v.tab, "location.href"); at != v.shop.url+"/back?order=7" {
		v.t.Errorf("the browser is back at %s", at)
	}
	if slug := v.e.readAs("", token); slug != "action-successful" || v.e.count("clients") != 1 {
		v.t.Errorf("the product's session is %s", slug)
	}
	v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
	v.shows("h1", "You are registered")
	v.inspect("handed-over-client")
	v.e.exec("DELETE FROM sessions")
	v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
	v.shows("h1", "You are not signed in any more")
	v.shows(`.request a[href="/statuses/invalid-token"]`, "What this means")
	v.inspect("handed-over-late")
	v.do(click("a.button"))
	v.shows("h1", "Back at order 7")
}

func beSomebodyElse(v *visit) {
	v.do(chromedp.Navigate(v.shop.url))
	v.shop.signedIn(v.e.signIn(v.e.user(person{})))
	v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
	v.shows(".notice", "Not you?")
	v.e.exec("DELETE FROM sessions") // in the middle of the form
	v.do(click("form .button"))
	v.shows("h1", "You are not signed in any more")
	v.shows(`.request a[href="/statuses/invalid-token"]`, "What this means")
	v.inspect("handed-over-ended")
	v.do(click("footer [lang=es]"))
	v.inSpanish("handed-over-ended", "Ya no tienes la sesión iniciada")
	v.do(click("a.button"))
	v.shows("h1", "Back at order 7")

	token := v.e.signIn(v.e.user(person{}))
	v.shop.signedIn(token)
	v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
	v.shows(".notice", "Not you?")
	v.do(click(".notice .text-button"))
	v.shows("h1", "Back at order 7")
	if slug := v.e.readAs("", token); slug != "invalid-token" {
		v.t.Errorf("the session is %s", slug)
	}
}

func beHandedOverByStranger(v *visit) {
	stranger := &shop{url: v.shop.url, auth: v.e.url, api: v.e.api, browsers: map[string]*shopper{}}
	site := httptest.NewServer(stranger)
	v.t.Cleanup(site.Close)
	b := openTab(v.t, v.chromium, 390, v.e.url, site.URL)
	v.tab = b
	token := v.e.signIn(v.e.user(person{}))
	v.do(chromedp.Navigate(site.URL))
	stranger.signedIn(token)
	v.do(chromedp.Navigate(site.URL+"/checkout"), click("button"))
	v.shows("h1", "We stopped this request")
	v.inspect("stopped")
	v.do(click("footer a[lang=es]"), chromedp.WaitVisible(chromedp.CSS("#es h1")), chromedp.WaitNotVisible(chromedp.CSS("#en")))
	v.inspect("stopped-es")
}

func followForeignLink(v *visit) {
	mine := v.e.handOver(v.e.session(v.e.user(person{client: true}), "planoorder"))
	v.do(chromedp.Navigate(v.shop.url + "/back?order=7&magic_token=" + mine))
	v.shows("h1", "Not signed in: invalid-magic-link")
	if slug := v.e.exchange(mine, verifier).Slug(); slug != "action-successful" {
		v.t.Errorf("for its owner it is %s", slug)
	}
	victim := v.e.user(person{client: true})
	v.open("/sign-in", "redirect_url", v.shop.url+"/back?order=7&magic_token=another")
	v.do(fill("[name=email]", victim), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Welcome "+victim+" to order 7")
}

func openWrongly(v *visit) {
	v.open("/sign-in", "redirect_url", "https://evil.example/", "challenge", "abc")
	v.shows("h1", "This page cannot be opened like this")
	v.inspect("wrongly-opened")
	v.open("/register", "redirect_url", "javascript:alert(1)", "lang", "es")
	v.shows("h1", "Esta página no se puede abrir así")
	v.inspect("wrongly-opened-es")
}

func showHostileTexts(v *visit) {
	const hostile = `<img src=x onerror=alert(1)>`
	v.e.exec("UPDATE applications SET name = $1, support_url = 'javascript:alert(2)' WHERE slug = 'planoorder'", hostile)
	v.e.within(busyLimit, "the name counts", func() bool {
		return strings.Contains(v.e.send("GET", "/forgot?application=planoorder", nil).text, "onerror")
	})
	for _, path := range []string{"/sign-in", "/register", "/forgot"} {
		v.open(path, "email", `"><script>alert(3)</script>`)
		v.shows(".brand", hostile)
		if found := evaluate[int](v.tab, `document.querySelectorAll("main img, script:not([src]):not([type]), a[href^='javascript']").length`); found != 0 {
			v.t.Errorf("%s has %d elements of strangers", path, found)
		}
	}
}
