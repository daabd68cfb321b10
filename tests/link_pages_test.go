package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// TestLinkPagesLong uses the pages of mailed links as people do, on a phone.
func TestLinkPagesLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, test := range map[string]func(*linkTest){
		"magic": testMagicLink, "reset": testReset, "invitation": testInvitation, "verification": testVerification,
		"no password": testWithoutPassword, "change": testEmailChange, "stranger": testStrangersChange, "administrator": testAdministratorsChange,
		"undo": testEmailUndo, "expired": testExpiredLinks, "markup": testLinkMarkup,
		"Spanish": testLinksInSpanish, "Spanish address": testAddressesInSpanish,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newLinkTest(t, chromium))
		})
	}
}

// linkTest is a person with a phone, a product and PlanoAuth.
type linkTest struct {
	*testing.T
	*env
	tab   *tab
	shop  string // URL of the product
	email string // of a client
	lang  string // at the end of the address of a page, "" for English
	open  func() *tab
}

const nextPassword = "nanoseconds on a wire"

func newLinkTest(t *testing.T, chromium context.Context) *linkTest {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>Shop</title><h1>The shop</h1>`)
	}))
	t.Cleanup(shop.Close)
	e := start(t, withSettings(inDevelopment), withSettings(func(s *impl.Settings) { s.ThrottleLinks = []int{3, 10} }),
		withSQL("UPDATE applications SET url = '"+shop.URL+"/' WHERE slug = 'planoorder'"))
	open := func() *tab { return openTab(t, chromium, 390, e.url, shop.URL) }
	return &linkTest{T: t, env: e, tab: open(), shop: shop.URL, email: e.user(person{client: true}), open: open}
}

// link replaces the link of this kind that the user has.
func (l *linkTest) link(kind, email, redirectURL string, ago time.Duration) string {
	l.exec("DELETE FROM links USING users WHERE user_id = users.id AND users.email = $1 AND kind = $2", email, kind)
	return l.env.link(kind, email, redirectURL, ago)
}

func (l *linkTest) emailLink(kind, email, to string, byAdmin bool, ago time.Duration) string {
	l.exec("DELETE FROM links USING users WHERE user_id = users.id AND users.email = $1 AND kind = $2", email, kind)
	return l.env.emailLink(kind, email, to, byAdmin, ago)
}

// visit opens the page of a link, and checks that its token leaves the address unless the page has no script.
func (l *linkTest) visit(kind, token, heading string) {
	l.Helper()
	l.tab.do(chromedp.Navigate(l.url + linkPaths[kind] + "?token=" + token + l.lang))
	l.tab.shows("h1", heading)
	if at := evaluate[string](l.tab, "location.href"); kind != "magic" && strings.Contains(at, token) {
		l.Errorf("the token stays in the address: %s", at)
	}
}

// goesOn follows the way back to the product, which must not learn the token.
func (l *linkTest) goesOn(want string) {
	l.Helper()
	l.tab.do(click("main a.button"))
	l.tab.shows("h1", "The shop")
	if at := evaluate[string](l.tab, "location.href + ' from ' + document.referrer"); at != want+" from " {
		l.Errorf("the page leads to %s", at)
	}
}

// checkAlert checks that a refusal shows its request and leads to the page of its status.
func (l *linkTest) checkAlert(slug string) {
	l.Helper()
	l.checkAlertIn(slug, "What this means")
}

func (l *linkTest) checkAlertIn(slug, meaning string) {
	l.Helper()
	l.tab.shows(`[role=alert] a[href="/statuses/`+slug+`"]`, meaning)
	if id := evaluate[string](l.tab, "document.querySelector('[role=alert] .request code').innerText"); len(id) != 26 {
		l.Errorf("the request is %q", id)
	}
}

func testMagicLink(l *linkTest) {
	token := l.link("magic", l.email, l.shop+"/cart?order=7", 0)
	l.visit("magic", token, "Sign in")
	l.tab.inspect("magic")
	l.tab.do(click(`footer a[lang="es"]`), chromedp.WaitVisible(chromedp.CSS("#es h1")), chromedp.WaitNotVisible(chromedp.CSS("#en")))
	l.tab.shows("#es h1", "Iniciar sesión")
	l.tab.do(click(`footer a[lang="en"]`), chromedp.WaitNotVisible(chromedp.CSS("#es")))
	l.goesOn(l.shop + "/cart?order=7&magic_token=" + token)

	token = l.link("magic", l.email, l.shop+"/cart?order=7", time.Hour)
	l.visit("magic", token, "This link is too old")
	l.tab.inspect("magic-expired")
	l.tab.do(click(`footer a[lang="es"]`))
	l.tab.shows("h1", "Este enlace ha caducado")
	l.tab.do(click("main .button"))
	l.tab.shows("h1", "Revisa tu correo")
	l.visit("magic", l.link("magic", l.email, l.shop+"/cart?order=7", time.Hour), "This link is too old")
	l.tab.do(click("main .button"))
	l.tab.shows("h1", "Check your mail")
	l.tab.inspect("link-sent")
	l.tab.do(click("main .text-button"))
	l.tab.shows("h1", "This link is too old")
	token = l.mailedLink("magic", l.email)
	l.visit("magic", token, "Sign in")
	l.goesOn(l.shop + "/cart?order=7&magic_token=" + token)
}

func testReset(l *linkTest) {
	l.email = l.user(person{client: true, email: "zyxwabbleton@example.com"})
	token := l.link("reset", l.email, l.shop+"/cart", 0)
	l.visit("reset", token, "Set a new password")
	l.tab.inspect("reset")
	l.tab.do(fill("[name=password]", "short"), click("main p"))
	l.tab.shows(".error", "Use at least 8 characters")
	l.tab.do(fill("[name=password]", "zyxwabbleton"), click("main p"))
	l.tab.shows(".error", "Use other words")
	l.tab.do(click("form .button"))
	l.checkAlert("password-rejected")
	l.tab.shows("[name=password][aria-invalid=true]:focus", "")
	l.tab.inspect("reset-refused")

	l.tab.do(chromedp.Reload())
	l.tab.shows("h1", "Set a new password")
	l.tab.do(click(`footer a[lang="es"]`))
	l.tab.shows("h1", "Crear una contraseña nueva")
	if at := evaluate[string](l.tab, "location.href"); strings.Contains(at, token) {
		l.Errorf("the token is back in the address: %s", at)
	}
	l.tab.do(click(".password button"), fill("[name=password]", nextPassword), click("form .button"))
	l.tab.shows("h1", "Tu contraseña está guardada")
	if l.guess(l.email, nextPassword, "") != "action-successful" || l.guess(l.email, goodPassword, "") != "invalid-password" {
		l.Error("the password is not what was typed")
	}
	l.goesOn(l.shop + "/cart")
	l.tab.do(chromedp.Navigate(l.url + "/reset?token=" + token))
	l.tab.shows("h1", "This link does not work any more")
	l.tab.inspect("link-used")

	employee := l.user(person{access: "admin"})
	token = l.link("reset", employee, "", 0)
	l.exec("UPDATE links SET application_id = (SELECT id FROM applications WHERE slug = 'planoauth') WHERE user_id = $1", l.userID(employee))
	l.visit("reset", token, "Set a new password")
	l.tab.do(fill("[name=password]", nextPassword), click("form .button"))
	l.tab.shows("h1", "Your password is set")
	l.tab.inspect("reset-done")
	if href := evaluate[string](l.tab, "document.querySelector('main a.button').href"); href != "https://auth.example/console" {
		l.Errorf("the page of an employee leads to %s", href)
	}
}

// testInvitation uses a link that became too old while its page was open.
func testInvitation(l *linkTest) {
	l.email = l.user(person{client: true, noPassword: true})
	token := l.link("invitation", l.email, "", 0)
	l.visit("invitation", token, "Welcome to PlanoOrder")
	l.tab.inspect("invitation")
	l.clock.move(8 * 24 * time.Hour)
	l.tab.do(fill("[name=password]", nextPassword), click("form .button"))
	l.checkAlert("reset-link-expired")
	l.tab.inspect("invitation-expired-meanwhile")
	l.tab.do(click("form .button"))
	l.tab.shows("h1", "Check your mail")
	l.visit("reset", l.mailedLink("reset", l.email), "Set a new password")
	// The keyboard alone: the field, the button that shows the password, the button of the form.
	l.tab.do(chromedp.KeyEvent("\t"), chromedp.KeyEvent(nextPassword), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
	l.tab.shows("h1", "Your password is set")
	l.tab.shows("h1:focus", "Your password is set")
	if l.guess(l.email, nextPassword, "") != "action-successful" {
		l.Error("the invited person cannot sign in")
	}
	l.goesOn(l.shop + "/")
}

func testVerification(l *linkTest) {
	l.exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", l.email)
	l.visit("verification", l.link("verification", l.email, "", 8*24*time.Hour), "This link is too old")
	l.tab.inspect("verification-expired")
	l.tab.do(fill("[name=password]", goodPassword), click("form .button"))
	l.tab.shows("h1", "Check your mail")
	l.visit("verification", l.mailedLink("verify", l.email), "Confirm your address")
	l.clock.move(8 * 24 * time.Hour)
	l.tab.do(fill("[name=password]", goodPassword), click("form .button"))
	l.tab.shows("h1", "This link is too old")
	l.tab.do(click("form .button"))
	l.tab.shows("h1", "Check your mail")
	l.visit("verification", l.mailedLink("verify", l.email), "Confirm your address")
	l.tab.do(fill("[name=password]", "wrong"), click("form .button"))
	l.checkAlert("invalid-password")
	l.tab.shows("[name=password][aria-invalid=true]:focus", "")
	l.tab.inspect("verification-refused")
	l.tab.do(click(`footer a[lang="es"]`))
	l.tab.shows("h1", "Confirma tu dirección")
	l.tab.do(fill("[name=password]", "wrong"), click("form .button"))
	l.checkAlertIn("invalid-password", "Qué significa")
	l.tab.do(click(`footer a[lang="en"]`))
	l.tab.shows("h1", "Confirm your address")
	l.tab.do(fill("[name=password]", goodPassword), click("form .button"))
	l.tab.shows("h1", "Your address is confirmed")
	l.tab.inspect("verification-done")
	if l.count("users WHERE email = $1 AND email_verified_at IS NOT NULL", l.email) != 1 || l.count("sessions") != 0 {
		l.Error("the address is not confirmed, or the page has left a session")
	}
	l.goesOn(l.shop + "/")
}

// testWithoutPassword: people without a password cannot sign in on a page.
func testWithoutPassword(l *linkTest) {
	l.email = l.user(person{client: true, noPassword: true})
	l.exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", l.email)
	l.visit("verification", l.link("verification", l.email, "", 0), "Confirm your address")
	l.tab.inspect("verification-no-password")
	l.tab.do(click("main .button"))
	l.tab.shows("h1", "Check your mail")
	l.visit("magic", l.mailedLink("magic", l.email), "Sign in")

	l.visit("email_change", l.emailLink("email_change", l.email, newEmail, false, 0), "Confirm your new address")
	l.tab.shows("main", "This account has no password.")
	l.tab.do(click("main button.button"))
	l.tab.shows("[role=alert]", "You are not signed in yet.")
	l.tab.inspect("change-no-password")
	l.be("planoauth")
	l.tab.do(click("main button.button"))
	l.tab.shows("main", "You are signed in on this device")
	l.tab.do(click("form .button"))
	l.tab.shows("h1", "Your account has the new address")
}

// be gives the tab a session of /account, as signing in there does.
func (l *linkTest) be(application string) {
	l.Helper()
	evaluate[any](l.tab, fmt.Sprintf("sessionStorage.setItem('planoauth-token', %q)", l.session(l.email, application)))
}

// testEmailChange changes an address on another device than the one on which that was requested.
func testEmailChange(l *linkTest) {
	desk, params := client.WithToken(l.signIn(l.email)), client.UsersEmailChangeRequestParams{Email: newEmail, CurrentPassword: goodPassword}
	want[client.UsersEmailChangeRequestActionSuccessful](l.api.UsersEmailChangeRequest(l.Context(), params, desk))(l.T)
	l.visit("email_change", l.mailedLink("email", newEmail), "Confirm your new address")
	l.tab.do(click("form .button"))
	l.tab.shows(".error", "Enter an e-mail address")
	l.tab.inspect("change-refused")
	l.tab.do(fill("[name=email]", l.email), fill("[name=password]", goodPassword))
	l.tab.inspect("change")
	l.clock.move(time.Hour)
	l.tab.do(click("form .button"))
	l.checkAlert("email-change-link-expired")
	l.tab.shows(`form a.button[href="/account"]`, "Go to your account")
	l.tab.inspect("change-expired-meanwhile")
	l.clock.move(-time.Hour)
	l.tab.do(chromedp.Reload(), fill("[name=email]", l.email), fill("[name=password]", goodPassword), click("form .button"))
	l.tab.shows("h1", "Your account has the new address")
	l.tab.inspect("change-done")
	if l.count("users WHERE email = $1 AND email_verified_at IS NOT NULL", newEmail) != 1 || l.count("sessions") != 0 {
		l.Error("the address is not the new one, or the page has left a session")
	}
	l.goesOn(l.shop + "/")

	l.within(busyLimit, "the old address is told", func() bool {
		mails := l.mandrill.mails()
		return len(mails) > 0 && mails[len(mails)-1].To == l.email
	})
	l.tab = l.open()
	l.visit("email_change_undo", l.mailedLink("email", l.email), "Undo the change")
	l.tab.do(click(`footer a[lang="es"]`))
	l.tab.shows("h1", "Deshacer el cambio")
}

// testStrangersChange: a stranger has asked for the address of somebody who is signed in to an account of their own.
func testStrangersChange(l *linkTest) {
	stranger := l.user(person{client: true})
	token := l.emailLink("email_change", stranger, newEmail, false, 0)
	l.visit("email_change", token, "Confirm your new address")
	l.be("planoauth")
	l.tab.do(chromedp.Reload())
	l.tab.shows("main", "You are signed in on this device")
	l.tab.inspect("change-signed-in")
	l.tab.do(click(`footer a[lang="es"]`))
	l.tab.shows("main", "Tienes la sesión iniciada")
	l.tab.do(click(`footer a[lang="en"]`))
	l.tab.shows("main", "You are signed in on this device")
	l.tab.do(click("form .button"))
	l.checkAlert("invalid-email-change-link")
	l.tab.inspect("change-stranger")
	l.tab.do(click("form .button"), fill("[name=email]", l.email), fill("[name=password]", goodPassword), click("form .button"))
	l.checkAlert("invalid-email-change-link")
	if l.count("users WHERE email = $1", newEmail) != 0 || l.count("links WHERE kind = 'email_change'") != 1 {
		l.Error("a stranger's link has changed something")
	}
}

func testAdministratorsChange(l *linkTest) {
	l.visit("email_change", l.emailLink("email_change", l.email, newEmail, true, 25*time.Hour), "This link is too old")
	l.tab.inspect("change-by-admin-expired")
	l.visit("email_change", l.emailLink("email_change", l.email, newEmail, true, 0), "Confirm your new address")
	l.tab.inspect("change-by-admin")
	l.tab.do(click("form .button"))
	l.tab.shows("h1", "Your account has the new address")
	if l.count("users WHERE email = $1", newEmail) != 1 {
		l.Error("the address is not the new one")
	}
}

func testEmailUndo(l *linkTest) {
	l.exec("UPDATE users SET email = $1 WHERE email = $2", newEmail, l.email)
	l.visit("email_change_undo", l.emailLink("email_change_undo", newEmail, l.email, false, time.Minute), "Undo the change")
	l.tab.inspect("undo")
	l.tab.do(click("form .button"))
	l.tab.shows("h1", "Your account has its old address again")
	l.tab.inspect("undo-done")
	if l.count("users WHERE email = $1", l.email) != 1 {
		l.Error("the address is not the old one")
	}
	l.tab.do(click("main button"))
	l.tab.shows("h1", "Check your mail")
	l.visit("reset", l.mailedLink("reset", l.email), "Set a new password")
}

// testExpiredLinks asks for more links than there may be.
func testExpiredLinks(l *linkTest) {
	l.exec("UPDATE applications SET support_url = 'mailto:help@order.example', accent_color = '#ffcc00' WHERE slug = 'planoorder'")
	l.within(busyLimit, "the application has help", func() bool {
		return strings.Contains(l.page("GET", "reset", l.link("reset", l.email, "", 0)).text, "help@order.example")
	})
	for range 3 {
		l.visit("reset", l.link("reset", l.email, "", 2*time.Hour), "This link is too old")
		l.tab.do(click("main button"))
		l.tab.shows("h1", "Check your mail")
	}
	l.visit("reset", l.link("reset", l.email, "", 2*time.Hour), "This link is too old")
	l.tab.do(click("main button"))
	l.checkAlert("rate-limit-exceeded")
	l.tab.shows("[role=alert]", "Try again in")
	l.tab.inspect("reset-expired-throttled")
	if n := len(l.mandrill.mails()); n != 3 {
		l.Errorf("%d links were mailed", n)
	}
	l.visit("email_change", l.emailLink("email_change", l.email, newEmail, false, 2*time.Hour), "This link is too old")
	l.tab.inspect("change-expired")
	l.visit("email_change_undo", l.emailLink("email_change_undo", l.email, newEmail, false, 73*time.Hour), "This link is too old")
	l.tab.inspect("undo-expired")
	l.tab = l.open()
	l.tab.do(chromedp.Navigate(l.url + "/reset"))
	l.tab.shows("h1", "This page needs a link")
	l.tab.inspect("link-missing")
}

// testLinkMarkup: nothing that people or operators can set becomes markup, and no request carries a token but the one
// for the page itself.
func testLinkMarkup(l *linkTest) {
	const markup = `"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}`
	l.exec("UPDATE applications SET name = $1 WHERE slug = 'planoorder'", markup)
	l.email = `"<b>x</b>"@example.com`
	l.exec("INSERT INTO users (email, first_name, last_name, phone, created_at) VALUES ($1, $2, $2, '', now())", l.email, markup)
	l.within(busyLimit, "the application has another name", func() bool {
		return strings.Contains(l.page("GET", "reset", l.link("reset", l.email, "", 0)).text, "onerror")
	})
	var tokens []string
	for _, ago := range []time.Duration{0, 30 * 24 * time.Hour} {
		for kind, path := range linkPaths {
			token := l.link(kind, l.email, "", ago)
			tokens = append(tokens, token)
			l.tab.do(chromedp.Navigate(l.url + path + "?token=" + token))
			l.tab.shows(".brand", markup)
			if evaluate[int](l.tab, "document.querySelectorAll('img, b, #page script').length") != 0 {
				l.Errorf("%s: there is markup", kind)
			}
		}
	}
	l.tab.mu.Lock()
	defer l.tab.mu.Unlock()
	for _, token := range tokens {
		if strings.Contains(l.logs.String(), token) {
			l.Error("the token is in the log")
		}
		for _, r := range l.tab.requests {
			referer, _ := r.Request.Headers["Referer"].(string)
			if strings.Contains(referer, token) || strings.Contains(r.Request.URL, token) && string(r.Type) != "Document" {
				l.Errorf("the token is in a request for %s, from %q", r.Request.URL, referer)
			}
		}
	}
}

// testLinksInSpanish walks through every page for passwords and sign-in links.
func testLinksInSpanish(l *linkTest) {
	l.lang = "&lang=es"
	l.visit("magic", l.link("magic", l.email, "", 0), "Iniciar sesión")
	l.tab.inSpanish("magic", "Iniciar sesión")
	l.visit("magic", l.link("magic", l.email, "", time.Hour), "Este enlace ha caducado")
	l.tab.inSpanish("magic-expired", "Este enlace ha caducado")
	l.tab.do(click("main .button"))
	l.tab.inSpanish("link-sent", "Revisa tu correo")

	reset := l.link("reset", l.email, "", 0)
	l.visit("reset", reset, "Crear una contraseña nueva")
	l.tab.inSpanish("reset", "Crear una contraseña nueva")
	l.tab.do(fill("[name=password]", "12345678"), click("form .button"))
	l.checkAlertIn("password-rejected", "Qué significa")
	l.tab.inSpanish("reset-refused", "Crear una contraseña nueva")
	l.tab.do(fill("[name=password]", nextPassword), click("form .button"))
	l.tab.inSpanish("reset-done", "Tu contraseña está guardada")
	l.tab.do(chromedp.Navigate(l.url + "/reset?token=" + reset + l.lang))
	l.tab.inSpanish("link-used", "Este enlace ya no funciona")
	l.visit("reset", l.link("reset", l.email, "", 2*time.Hour), "Este enlace ha caducado")
	l.tab.inSpanish("reset-expired", "Este enlace ha caducado")
	l.visit("invitation", l.link("invitation", l.email, "", 0), "Te damos la bienvenida a PlanoOrder")
	l.tab.inSpanish("invitation", "Te damos la bienvenida a PlanoOrder")

	l.exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", l.email)
	l.visit("verification", l.link("verification", l.email, "", 8*24*time.Hour), "Este enlace ha caducado")
	l.tab.inSpanish("verification-expired", "Este enlace ha caducado")
	l.visit("verification", l.link("verification", l.email, "", 0), "Confirma tu dirección")
	l.tab.do(fill("[name=password]", "wrong"), click("form .button"))
	l.checkAlertIn("invalid-password", "Qué significa")
	l.tab.inSpanish("verification-refused", "Confirma tu dirección")
	l.tab.do(fill("[name=password]", nextPassword), click("form .button"))
	l.tab.inSpanish("verification-done", "Tu dirección está confirmada")
	l.email = l.user(person{client: true, noPassword: true})
	l.visit("verification", l.link("verification", l.email, "", 0), "Confirma tu dirección")
	l.tab.inSpanish("verification-no-password", "Confirma tu dirección")
	l.tab = l.open()
	l.tab.do(chromedp.Navigate(l.url + "/verify?lang=es"))
	l.tab.inSpanish("link-missing", "Esta página necesita un enlace")
}

// testAddressesInSpanish walks through every page for a change of address.
func testAddressesInSpanish(l *linkTest) {
	l.lang = "&lang=es"
	const title = "Confirma tu nueva dirección"
	change := func(email string, byAdmin bool, ago time.Duration, name, title string) {
		l.Helper()
		l.visit("email_change", l.emailLink("email_change", email, newEmail, byAdmin, ago), title)
		l.tab.inSpanish(name, title)
	}
	change(l.email, false, 2*time.Hour, "change-expired", "Este enlace ha caducado")
	change(l.email, true, 25*time.Hour, "change-by-admin-expired", "Este enlace ha caducado")
	change(l.email, true, 0, "change-by-admin", title)
	other := l.user(person{client: true, noPassword: true})
	l.visit("email_change", l.emailLink("email_change", other, newEmail, false, 0), title)
	l.tab.do(click("main button.button"))
	l.tab.shows("[role=alert]", "Todavía no has iniciado sesión.")
	l.tab.inSpanish("change-no-password", title)

	l.visit("email_change", l.emailLink("email_change", l.email, newEmail, false, 0), title)
	l.tab.do(fill("[name=email]", "nobody@example.com"), fill("[name=password]", goodPassword), click("form .button"))
	l.checkAlertIn("email-not-found", "Qué significa")
	l.tab.shows("[name=email][aria-invalid=true]:focus", "")
	l.tab.inSpanish("change-refused", title)
	l.be("planoauth")
	l.tab.do(chromedp.Reload())
	l.tab.shows("main", "Tienes la sesión iniciada")
	l.tab.inSpanish("change-signed-in", title)
	l.tab.do(click("form .button"))
	l.tab.inSpanish("change-done", "Tu cuenta tiene la dirección nueva")

	l.visit("email_change_undo", l.emailLink("email_change_undo", newEmail, l.email, false, 73*time.Hour), "Este enlace ha caducado")
	l.tab.inSpanish("undo-expired", "Este enlace ha caducado")
	l.visit("email_change_undo", l.emailLink("email_change_undo", newEmail, l.email, false, time.Minute), "Deshacer el cambio")
	l.tab.inSpanish("undo", "Deshacer el cambio")
	l.tab.do(click("form .button"))
	l.tab.inSpanish("undo-done", "Has recuperado tu dirección anterior")
}

// TestScannersUseNoLinkUp: programs that scan mails request each page many times, before a person does.
func TestScannersUseNoLinkUp(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET url = 'https://order.example/' WHERE slug = 'planoorder'"))
	email := e.user(person{client: true})
	tokens := map[string]string{}
	for kind := range linkPaths {
		tokens[kind] = e.link(kind, email, "", 0)
		if strings.HasPrefix(kind, "email_change") {
			e.exec("DELETE FROM links WHERE kind = $1", kind)
			tokens[kind] = e.emailLink(kind, email, newEmail, true, 0)
		}
	}
	before := e.state()
	for kind, token := range tokens {
		for i := range 20 {
			if a := e.page([]string{"GET", "HEAD"}[i%2], kind, token); a.code != 200 {
				t.Errorf("%s: request %d answers %d", kind, i, a.code)
			}
		}
	}
	if after := e.state(); after != before {
		t.Errorf("requests have changed %s to %s", before, after)
	}
	want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(),
		client.SessionsMagicLinkCreateParams{MagicToken: tokens["magic"]}))(t)
	want[client.UsersEmailChangeActionSuccessful](e.api.UsersEmailChange(t.Context(), client.UsersEmailChangeParams{EmailToken: tokens["email_change"]}))(t)
}
