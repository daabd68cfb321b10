package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/planoauth/planoauth/gen/client"
)

// TestAccountPageLong uses /account in Chromium as people do, mostly on a phone.
func TestAccountPageLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"profile": testAccountProfile, "address": testAccountAddress, "passwords": testAccountPasswords, "devices": testAccountDevices,
		"data": testAccountData, "deletion": testAccountDeletion, "expired": testAccountExpired, "late refusal": testAccountLateRefusal,
		"somebody else": testAccountSomebodyElse,
		"recent":        testAccountRecent, "tabs": testAccountTabs, "foreign link": testAccountForeignLink, "own link": testAccountOwnLink,
		"Google": testAccountGoogle, "recordless": testAccountRecordless, "keyboard": testAccountKeyboard, "hostile texts": testAccountHostile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, chromium)
		})
	}
}

const (
	accountForm  = "main form" // of the sign-in page
	dialogForm   = "dialog form"
	firefoxLinux = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	safariPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	edgeWindows  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)

// typeIn fills in a form of the page and sends it.
func typeIn(form string, values ...string) step {
	var steps []step
	for i := 0; i < len(values); i += 2 {
		steps = append(steps, fill(form+" [name="+values[i]+"]", values[i+1]))
	}
	return chromedp.Steps(append(steps, click(form+" .row .button"))...)
}

// enterAccount signs a user in on the page.
func (b *tab) enterAccount(e *env, email string) {
	b.t.Helper()
	b.do(chromedp.Navigate(e.url+"/account"), typeIn(accountForm, "email", email, "password", goodPassword))
	b.shows("h1", "Your account")
	b.shows("#devices", "This device")
}

// pageToken returns the token of the page's session, "" where there is none.
func (b *tab) pageToken() string {
	return evaluate[string](b, "sessionStorage.getItem('planoauth-token') ?? ''")
}

// leaksNothing fails if a token of a session was in a URL, or any token in a Referer or in the server's log.
func (b *tab) leaksNothing(e *env) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if strings.Contains(r.Request.URL, "plas_") {
			b.t.Errorf("a token is in the URL %s", r.Request.URL)
		}
		if from, _ := r.Request.Headers["Referer"].(string); strings.Contains(from, "pla") && regexp.MustCompile("pla[sla]_").MatchString(from) {
			b.t.Errorf("a token is in the Referer %s", from)
		}
	}
	if found := regexp.MustCompile("pla[sla]_[a-z2-7]{8}").FindString(e.logs.String()); found != "" {
		b.t.Errorf("the log has %s…", found)
	}
}

func testAccountProfile(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.do(chromedp.Navigate(e.url + "/account"))
	b.shows("h1", "Sign in to PlanoAuth")
	b.inspect("account-signed-out")
	b.do(typeIn(accountForm, "email", email, "password", "not the password"))
	b.shows(".notice.problem", "The password is not right.")
	b.inspect("account-wrong-password")
	b.enterAccount(e, email)
	b.inspect("account")

	b.do(typeIn("#profile form", "first_name", "Augusta", "phone", "12"))
	b.shows("#profile .error", "")
	b.shows("#profile [name=phone]:focus", "")
	b.inspect("account-phone-refused")
	b.do(typeIn("#profile form", "phone", "+34 612 345 678"))
	b.shows("#profile [role=status]", "Your profile is saved.")
	b.shows("main .quiet", "Augusta Lovelace")
	if e.count("users WHERE email = $1 AND first_name = 'Augusta' AND last_name = 'Lovelace' AND phone <> ''", email) != 1 {
		t.Error("the profile is not what was typed")
	}
	b.waits(`document.activeElement.textContent === "Save profile"`)
	b.do(typeIn("#profile form", "first_name", ""))
	b.shows("#profile .error", "")
	b.do(typeIn("#profile form", "first_name", "Ada", "phone", ""))
	b.shows("#profile [role=status]", "Your profile is saved.")
	if e.count("users WHERE email = $1 AND first_name = 'Ada' AND coalesce(phone, '') = ''", email) != 1 {
		t.Error("the phone number is not gone")
	}

	b.do(chromedp.Focus(chromedp.CSS("#profile select")), chromedp.KeyEvent("Es"), click("#profile form .button"))
	e.within(busyLimit, "the language is saved", func() bool { return e.count("users WHERE email = $1 AND locale = 'es'", email) == 1 })
	b.shows("#profile [role=status]", "Your profile is saved.")

	b.do(click("#remember_me"), click("#staying form .button"))
	b.shows("#staying [role=status]", "You stay signed in")
	if e.count("users WHERE email = $1 AND remember_me", email) != 1 {
		t.Error("remember_me is not saved")
	}
	b.do(click("#remember_me"), click("#staying form .button"))
	b.shows("#staying [role=status]", "You are signed out after 7 days")
	b.leaksNothing(e)
}

func testAccountAddress(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	b.shows("#email .badge", "Not confirmed")
	b.do(click("#email .row .button.plain"))
	b.shows("#email [role=status]", "A new mail is on its way to "+email)
	e.mailedURL("verify", email)

	const form = "#email details form"
	b.do(click("#email summary"), typeIn(form, "email", "lovelace@example.com", "current_password", "not the password"))
	b.shows(`#email .notice.problem a[href="/forgot?application=planoauth&email=`+url.QueryEscape(email)+`"]`, "Forgotten your password?")
	b.inspect("account-address-refused")
	b.do(typeIn(form, "email", "lovelace", "current_password", goodPassword))
	b.shows("#email .error", "")
	b.do(typeIn(form, "email", "lovelace@example.com", "current_password", goodPassword))
	b.shows("#email [role=status]", "Open the mail that we sent to lovelace@example.com within an hour. Until then "+email+" stays your address")
	b.inspect("account-address-requested")
	if e.count("users WHERE email = $1", email) != 1 {
		t.Error("the address has changed before the link was used")
	}

	_, change, _ := strings.Cut(e.mailedURL("email", "lovelace@example.com"), "token=")
	want[client.UsersEmailChangeActionSuccessful](e.api.UsersEmailChange(t.Context(), client.UsersEmailChangeParams{EmailToken: change}, client.WithToken(b.pageToken())))(t)
	b.do(chromedp.Reload())
	b.shows("#email strong", "lovelace@example.com")
	b.shows("#email .badge", "Confirmed")
	b.leaksNothing(e)
}

func testAccountPasswords(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	other := e.signInOn(email, firefoxLinux)
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	b.shows("#devices", "Firefox on Linux")
	const form = "#password form"
	b.do(click("#password summary"), fill(form+" [name=password]", "password"), click(form+" [name=current_password]"))
	b.shows("#password .error", "") // judged when the field is left
	b.inspect("account-password-judged")
	b.do(typeIn(form, "current_password", "not the password", "password", "the compiler is my friend"))
	b.shows("#password .notice.problem", "")
	b.do(typeIn(form, "current_password", goodPassword, "password", "the compiler is my friend"))
	b.shows("#password [role=status]", "Your password is saved.")
	if e.guess(email, "the compiler is my friend", "") != "action-successful" || e.guess(email, goodPassword, "") != "invalid-password" {
		t.Error("the password is not what was typed")
	}
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(other.Token)))(t)
	e.within(busyLimit, "the page shows the device no more", func() bool {
		return evaluate[bool](b, "!document.querySelector('#devices').innerText.includes('Firefox on Linux')")
	})
}

func testAccountDevices(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	signedIn := func(session client.Session) bool {
		outcome, err := e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(session.Token))
		check(t, err)
		return outcome.Slug() == "action-successful"
	}
	phone, desk, tablet := e.signInOn(email, safariPhone), e.signInOn(email, edgeWindows), e.signInOn(email, "<b>my tablet</b>")
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	for _, name := range []string{"Safari on iPhone", "Edge on Windows", "Unknown device", "Chrome on Linux", "This device", "PlanoOrder", "with a password, from 127.0.0.1"} {
		b.shows("#devices", name)
	}
	b.inspect("account-devices")
	b.do(click(`[aria-label="Sign out Safari on iPhone"]`))
	b.shows("#devices [role=status]", "Safari on iPhone is signed out.")
	if signedIn(phone) || !signedIn(desk) || !signedIn(tablet) {
		t.Error("another device than the phone was signed out")
	}
	b.waits(`document.activeElement.textContent === "Devices"`)
	e.within(busyLimit, "the page shows three devices", func() bool {
		return evaluate[int](b, "document.querySelectorAll('#devices li').length") == 3
	})
	e.exec("DELETE FROM sessions WHERE id = $1", desk.ID) // by somebody else, while the page shows it
	b.do(click(`[aria-label="Sign out Edge on Windows"]`))
	b.shows("#devices [role=status]", "Edge on Windows is signed out.")
	e.within(busyLimit, "the page shows two devices", func() bool {
		return evaluate[int](b, "document.querySelectorAll('#devices li').length") == 2
	})
	b.do(click("#devices > .row .button:last-child"))
	b.shows("#devices [role=status]", "One other device is signed out.")
	if signedIn(tablet) || b.pageToken() == "" {
		t.Error("the tablet is still signed in, or the page is not any more")
	}
	b.do(click(`#devices .lines .button`))
	b.shows("h1", "Sign in to PlanoAuth")
	if n := e.count("sessions"); n != 0 || b.pageToken() != "" {
		t.Errorf("after signing out there are %d sessions, and the page has the token %q", n, b.pageToken())
	}
}

func testAccountData(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	keep := `{ const make = URL.createObjectURL; URL.createObjectURL = blob => (window.saved = blob.text(), make.call(URL, blob))
		HTMLAnchorElement.prototype.click = function () { window.savedAs = this.download } }`
	b.do(chromedp.Steps(func(ctx context.Context, target *chromedp.Target) (void chromedp.Void, err error) {
		_, err = chromedp.Evaluate[any](keep)(ctx, target)
		return void, err
	}))
	e.clock.move(16 * time.Minute)
	b.do(click("#data .button"))
	b.shows("dialog", "this needs a sign-in from the last 15 minutes")
	b.inspect("account-recent-sign-in")
	b.do(click("dialog > div > .button.plain:last-child"))
	b.do(click("#data .button"), typeIn(dialogForm, "email", email, "password", goodPassword))
	b.shows("#data [role=status]", "The file is saved")
	if content := evaluate[string](b, "window.saved"); !strings.Contains(content, email) || !strings.Contains(content, "Lovelace") {
		t.Errorf("the file is %s", content)
	}
	if name := evaluate[string](b, "window.savedAs"); !strings.HasPrefix(name, "planoauth-") || !strings.HasSuffix(name, ".json") {
		t.Errorf("the file is saved as %s", name)
	}
	e.within(busyLimit, "the session that was too old is over", func() bool { return e.count("sessions") == 1 })
	b.shows("#devices .badge", "This device")
}

func testAccountDeletion(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{access: "admin"})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	b.shows(`a[href="/console"]`, "Console")
	b.inspect("account-employee")
	b.do(click("#deletion .button"))
	b.shows("dialog", "Your name, addresses and phone number are deleted")
	b.inspect("account-deletion")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.waits(`document.activeElement.textContent === "Delete my account"`)
	b.do(click("#deletion .button"), typeIn(dialogForm, "current_password", "not the password"))
	b.shows("dialog .notice.problem", "")
	b.do(typeIn(dialogForm, "current_password", goodPassword))
	b.shows("dialog .notice.problem > p:first-child", "You are the last administrator. Make somebody else an administrator first.")
	if said := evaluate[string](b, "document.querySelector('dialog .notice.problem').innerText"); strings.Contains(said, "token") {
		t.Errorf("the refusal names a param: %s", said)
	}
	b.inspect("account-last-administrator")
	e.user(person{access: "admin"})
	b.do(typeIn(dialogForm, "current_password", goodPassword))
	b.shows("h1", "Your account is deleted")
	b.inspect("account-deleted")
	if e.count("users WHERE email = $1", email) != 0 || b.pageToken() != "" {
		t.Error("the user is still there, or the page has a token")
	}
}

func testAccountExpired(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	e.clock.move(8 * 24 * time.Hour)
	b.do(typeIn("#profile form", "first_name", "Augusta"))
	b.shows("dialog", "what you typed is kept")
	b.inspect("account-expired")
	b.do(typeIn(dialogForm, "email", email, "password", "not the password"))
	b.shows("dialog .notice.problem", "")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.shows("#profile .notice.problem", "Sign in again")
	b.do(click("#profile form .button"), typeIn(dialogForm, "email", email, "password", goodPassword))
	b.shows("#profile [role=status]", "Your profile is saved.")
	if e.count("users WHERE email = $1 AND first_name = 'Augusta'", email) != 1 {
		t.Error("what was typed is not saved")
	}
	if open := evaluate[bool](b, "!!document.querySelector('dialog')"); open {
		t.Error("the dialog is still there")
	}
	e.clock.move(8 * 24 * time.Hour)
	b.do(chromedp.Reload())
	b.shows(".notice", "You have been signed out")
	b.inspect("account-ended")
}

// testAccountLateRefusal: a call that is refused after somebody has signed in again goes on with the new session.
func testAccountLateRefusal(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	e.clock.move(8 * 24 * time.Hour)
	evaluate[bool](b, `(() => {
		const send = fetch
		fetch = async request => {
			const response = await send(request)
			if (request.url.endsWith("/preferences/update") && !window.release) await new Promise(done => { window.release = done })
			return response
		}
		return true
	})()`)
	b.do(click("#remember_me"), click("#staying form .button"))
	b.waits("window.release")
	b.do(typeIn("#profile form", "first_name", "Augusta"), typeIn(dialogForm, "email", email, "password", goodPassword))
	b.shows("#profile [role=status]", "Your profile is saved.")
	evaluate[bool](b, "window.release(), true")
	b.shows("#staying [role=status]", "You stay signed in")
	if open := evaluate[bool](b, "!!document.querySelector('dialog')"); open {
		t.Error("the page asks for another sign-in")
	}
}

// testAccountSomebodyElse: who signs in in the dialog is not who typed.
func testAccountSomebodyElse(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email, other := e.user(person{client: true}), e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	e.clock.move(8 * 24 * time.Hour)
	b.do(typeIn("#profile form", "first_name", "Augusta"))
	b.shows("dialog", "what you typed is kept")
	b.do(typeIn(dialogForm, "email", other, "password", goodPassword))
	b.shows("#email strong", other)
	if e.count("users WHERE first_name = 'Augusta'") != 0 {
		t.Error("what one person typed is saved for another")
	}
}

// testAccountRecent sets a first password by a session that is too old: a mailed link brings a new one by another tab.
func testAccountRecent(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true, noPassword: true})
	b := openTab(t, chromium, 390, e.url)
	b.do(chromedp.Navigate(e.url+"/account"), fill(accountForm+" [name=email]", email), click("main > div > .button.plain"))
	b.shows("h1", "Check your mail")
	b.inspect("account-link-sent")
	second := b.another(390, e.url)
	second.do(chromedp.Navigate(e.mailedURL("magic", email)), click(".button"))
	second.shows("h1", "Your account")
	b.shows("h1", "Your account") // without a reload
	b.shows("#password", "You have no password.")
	e.clock.move(16 * time.Minute)
	b.do(click("#password summary"), typeIn("#password form", "password", "the compiler is my friend"))
	b.shows("dialog", "this needs a sign-in from the last 15 minutes")
	b.do(click("dialog .stack > .button.plain"))
	b.shows("dialog h2", "Check your mail")
	second.do(chromedp.Navigate(e.mailedURL("magic", email)), click(".button"))
	second.shows("h1", "Your account")
	b.shows("#password [role=status]", "Your password is saved.")
	if e.guess(email, "the compiler is my friend", "") != "action-successful" {
		t.Error("the password is not what was typed")
	}
	b.leaksNothing(e)
	second.leaksNothing(e)
}

func testAccountTabs(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	second := b.another(1280, e.url)
	second.do(chromedp.Navigate(e.url + "/account"))
	second.shows("h1", "Your account")
	if n := e.count("sessions"); n != 1 {
		t.Errorf("two tabs have %d sessions", n)
	}
	second.do(click("header button"))
	second.shows("h1", "Sign in to PlanoAuth")
	b.shows("h1", "Sign in to PlanoAuth")
	if n := e.count("sessions"); n != 0 || b.pageToken() != "" {
		t.Errorf("after signing out there are %d sessions, and the other tab has the token %q", n, b.pageToken())
	}
	third := e.user(person{client: true})
	b.do(typeIn(accountForm, "email", third, "password", goodPassword))
	second.shows("#email strong", third)
}

// testAccountForeignLink: a stranger sends somebody a sign-in link to the stranger's own account.
func testAccountForeignLink(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email, stranger := e.user(person{client: true}), e.user(person{client: true})
	foreign := func() string {
		params := client.SessionsMagicLinkRequestParams{Email: stranger, Application: "planoauth", RedirectURL: e.url + "/account?browser=5f0c9f5e-0d53-4f0e-9a53-9d4f6b8e1c11"}
		want[client.SessionsMagicLinkRequestActionSuccessful](e.api.SessionsMagicLinkRequest(t.Context(), params))(t)
		_, token, _ := strings.Cut(e.mailedURL("magic", stranger), "token=")
		return params.RedirectURL + "&magic_token=" + token
	}
	b := openTab(t, chromium, 390, e.url)
	b.do(chromedp.Navigate(foreign()))
	b.shows("h1", "Is this you?")
	b.shows("main", stranger)
	if at := evaluate[string](b, "location.href"); at != e.url+"/account" || b.pageToken() != "" {
		t.Errorf("before the answer the page is at %s, with the token %q", at, b.pageToken())
	}
	b.inspect("account-foreign-link")
	b.do(click("main .button.plain"))
	b.shows("h1", "Sign in to PlanoAuth")
	if n := e.count("sessions"); n != 0 || b.pageToken() != "" {
		t.Errorf("after a no there are %d sessions, and the page has the token %q", n, b.pageToken())
	}

	b.enterAccount(e, email)
	b.do(chromedp.Navigate(foreign()))
	b.shows("main", "At the moment you are signed in as "+email)
	b.do(click("main .button.plain"))
	b.shows("#email strong", email)
	b.do(chromedp.Navigate(strings.Replace(foreign(), "/account?", "/console?", 1)))
	b.shows("h1", "Is this you?")
	b.do(chromedp.Navigate(foreign()), click("main .button:not(.plain)"))
	b.shows("#email strong", stranger)
	e.within(busyLimit, "the other session is over", func() bool {
		return e.count("sessions WHERE user_id = (SELECT id FROM users WHERE email = $1)", email) == 0
	})

	b.do(chromedp.Navigate(e.url + "/account?lang=es&magic_token=" + newToken("plal_")))
	b.shows("#email strong", stranger) // a link that does not work changes nothing
	b.do(click("header button"))
	b.shows("h1", "Sign in to PlanoAuth")
	b.do(chromedp.Navigate(strings.Replace(foreign(), "?", "?lang=es&", 1)))
	b.shows("h1", "¿Eres tú?")
	b.inspect("account-foreign-link-es")
	b.leaksNothing(e)
}

// testAccountOwnLink: links that the browser has requested itself ask nothing, and work once.
func testAccountOwnLink(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 390, e.url)
	b.do(chromedp.Navigate(e.url+"/account"), fill(accountForm+" [name=email]", email), click("main > div > .button.plain"))
	b.shows("h1", "Check your mail")
	b.do(chromedp.Navigate(e.mailedURL("magic", email)))
	address := evaluate[string](b, "document.querySelector('a.button').href")
	b.do(click("a.button"))
	b.shows("h1", "Your account")
	if at := evaluate[string](b, "location.href"); at != e.url+"/account" {
		t.Errorf("the page is at %s", at)
	}
	b.do(click("header button"))
	b.shows("h1", "Sign in to PlanoAuth")
	b.do(chromedp.Navigate(address))
	b.shows(".notice.problem", "")
	b.inspect("account-used-link")
	b.leaksNothing(e)
}

func testAccountGoogle(t *testing.T, chromium context.Context) {
	google := startIssuer(t)
	var as account
	google.be["/auth"] = func(w http.ResponseWriter, r *http.Request) {
		google.set(func() { google.asked["browser"] = r.URL.Query() })
		http.Redirect(w, r, "/interaction/browser?account="+as.text(t), http.StatusFound)
	}
	e := start(t, atPublicURL, withGoogle(google.url))
	email := e.user(person{access: "viewer"})
	b := openTab(t, chromium, 390, e.url, google.url)
	b.enterAccount(e, email)
	b.do(click("#google .button"))
	b.shows("#google .notice.problem", "Nothing has changed.")
	b.inspect("account-google-declined")
	other := e.user(person{client: true})
	as = account{"sub": "ada", "email": other, "email_verified": true}
	b.do(click("#google .button"))
	b.shows("#google .notice.problem", "belongs to another account")
	as = account{"sub": "ada", "email": "ada@gmail.com", "email_verified": true}
	b.do(click("#google .button"))
	b.shows("#google [role=status]", "Your Google account is linked.")
	b.inspect("account-google-linked")
	if at := evaluate[string](b, "location.href"); at != e.url+"/account" || e.count("users WHERE email = $1 AND google_subject = 'ada'", email) != 1 {
		t.Errorf("Google is not linked, or the page is at %s", at)
	}
	b.do(chromedp.Navigate(e.url + "/account?code=c&state=s")) // by a stranger's link
	b.shows("h1", "Your account")
	b.do(click("header button"))
	b.shows("h1", "Sign in to PlanoAuth")
	b.do(chromedp.Navigate(e.url+"/console#/people"), click("main > div > .button.plain:first-child"))
	e.within(busyLimit, "Google leads back to the console", func() bool {
		return evaluate[string](b, "location.pathname + location.hash") == "/console#/people" && b.pageToken() != ""
	})
	b.do(chromedp.Navigate(e.url+"/account"), click("#google .button"))
	b.shows("#google [role=status]", "is not linked any more")
	e.exec("UPDATE users SET google_subject = 'ada', password_hash = '' WHERE email = $1", email)
	b.do(chromedp.Reload())
	b.shows("#google", "Set a password before you unlink it.")
}

func testAccountRecordless(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL, withGoogle("https://google.example"))
	email := e.user(person{})
	b := openTab(t, chromium, 390, e.url)
	b.do(chromedp.Navigate(e.url+"/account?lang=es"), typeIn(accountForm, "email", email, "password", goodPassword))
	b.shows("h1", "Tu cuenta")
	b.shows(".notice.warning", "Todavía no te has registrado en ningún producto.")
	b.shows("#google", "Podrás vincular Google cuando te registres en un producto.")
	b.shows("#devices", "Este dispositivo")
	b.inspect("account-recordless-es")
	b.do(chromedp.Navigate(e.url + "/account?lang=en"))
	b.shows(".notice.warning", "You are not registered with a product yet.")
	b.do(typeIn("#profile form", "last_name", "King"))
	b.shows("#profile [role=status]", "Your profile is saved.")
	if at := evaluate[string](b, "document.querySelector('.notice.warning a').href"); at != e.url+"/statuses/client-required" {
		t.Errorf("the page explains it by %s", at)
	}
}

// testAccountKeyboard signs in, saves the profile and deletes the account without a pointer.
func testAccountKeyboard(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	b := openTab(t, chromium, 1280, e.url)
	// reach presses Tab until an element has the focus, which must be visible.
	reach := func(selector string) {
		t.Helper()
		for range 80 {
			b.do(chromedp.KeyEvent(kb.Tab))
			if evaluate[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
				if outline := evaluate[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
					t.Errorf("nobody sees that %s has the focus", selector)
				}
				return
			}
		}
		b.fail("Tab does not lead to " + selector)
	}
	b.do(chromedp.Navigate(e.url + "/account"))
	b.shows("h1", "Sign in to PlanoAuth")
	reach("[name=email]")
	b.do(chromedp.KeyEvent(email))
	reach("[name=password]")
	b.do(chromedp.KeyEvent(goodPassword), chromedp.KeyEvent(kb.Enter))
	b.shows("h1", "Your account")
	reach(".skip")
	b.do(chromedp.KeyEvent(kb.Enter))
	reach("#profile [name=last_name]")
	b.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)), chromedp.KeyEvent("King"))
	reach("#profile .button")
	b.do(chromedp.KeyEvent(" "))
	b.shows("#profile [role=status]", "Your profile is saved.")
	reach("#password summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	reach("#password [name=password]")
	reach("#deletion .button")
	b.do(chromedp.KeyEvent(kb.Enter))
	reach("dialog [name=current_password]")
	b.do(chromedp.KeyEvent(goodPassword), chromedp.KeyEvent(kb.Enter))
	b.shows("h1", "Your account is deleted")
	if e.count("users WHERE email = $1", email) != 0 {
		t.Error("the user is still there")
	}
}

// testAccountHostile shows texts that a stranger may have set, as they are.
func testAccountHostile(t *testing.T, chromium context.Context) {
	const hostile = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{1}}`
	e := start(t, atPublicURL)
	email := e.user(person{client: true})
	e.signInOn(email, hostile)
	e.exec("UPDATE users SET first_name = $2, last_name = $2, phone = $2 WHERE email = $1", email, hostile)
	b := openTab(t, chromium, 390, e.url)
	b.enterAccount(e, email)
	b.shows("main .quiet", hostile)
	b.shows("#devices", "Unknown device")
	b.do(chromedp.Navigate(e.url + "/account?" + `lang=%22%3E%3Cscript%3Ewindow.pwned=1%3C/script%3E&email=%3Cimg%20src=x%20onerror=window.pwned=1%3E#%3Cimg src=x onerror=window.pwned=1%3E`))
	b.shows("h1", "Your account")
	b.inspect("account-hostile")
	if evaluate[bool](b, "'pwned' in window || !!document.querySelector('main img, main script')") {
		t.Error("a text of a stranger became a part of the page")
	}
	b.leaksNothing(e)
}
