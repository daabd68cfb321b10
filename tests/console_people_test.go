package tests

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestConsolePeopleLong uses the console as employees do: notifications, people, audit.
func TestConsolePeopleLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"help": testConsoleHelp, "administration": testConsoleAdministration, "viewer": testConsoleViewer, "client": testConsoleClient,
		"expiry": testConsoleExpiry, "hostile": testConsoleHostile, "keyboard": testConsoleKeyboard, "refresh": testConsoleRefresh,
		"deep link": testConsoleDeepLink, "Spanish": testConsoleSpanishPeople,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, chromium)
		})
	}
}

// wide makes the page as wide as on a desk.
var wide = chromedp.EmulateViewport(1280, 900)

// openConsole signs an employee in to the console with a password.
func openConsole(t *testing.T, chromium context.Context, e *env, email, hash string) *tab {
	t.Helper()
	b := openTab(t, chromium, 1280, e.url)
	b.do(chromedp.Navigate(e.url+"/console"+hash), fill(`input[name="email"]`, email), fill(`input[name="password"]`, goodPassword), click("form .button"))
	return b
}

// waits waits until an expression of JavaScript is true. It may throw while an element that it reads is not there.
func (b *tab) waits(so string) {
	b.t.Helper()
	for limit := time.Now().Add(browserLimit); ; time.Sleep(20 * time.Millisecond) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+so+")"))
		if holds {
			return
		}
		if time.Now().After(limit) {
			b.fail(fmt.Sprintf("it never becomes true: %s: %v", so, err))
		}
	}
}

// press clicks the visible button or link that has this text or label, in the dialog where one is open.
func (b *tab) press(label string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...([...document.querySelectorAll('dialog[open]')].at(-1) ?? document).querySelectorAll('button, a')]
		.find(control => (control.ariaLabel || control.innerText).replaceAll("\u2011", "-").trim() === %q && control.checkVisibility())`, label)
	b.waits(find)
	evaluate[bool](b, find+".click(), true")
}

func (b *tab) titled(title string) {
	b.t.Helper()
	b.waits(fmt.Sprintf("document.title === %q", title))
}

// testConsoleHelp: support opens the console from a mail, acknowledges a notification, and helps a customer.
func testConsoleHelp(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	support := e.user(person{email: "sam@example.com", access: "support"})
	customer := e.user(person{email: "grace@example.com", client: true})
	e.exec("UPDATE users SET first_name = 'Grace', last_name = 'Hopper' WHERE email = $1", customer)
	e.session(customer, "planoorder")
	e.exec("UPDATE sessions SET user_agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' WHERE user_id = $1", e.userID(customer))
	e.notification(note{kind: "application-crash", message: "A request crashed: its cause is in the log", age: 3 * time.Hour})
	e.notification(note{kind: "mail-given-up", message: "Mail 12 (welcome) was given up", age: time.Hour})
	e.notification(note{kind: "clean-up-failed", message: "The clean-up failed", age: 26 * time.Hour, seen: true})

	b := openTab(t, chromium, 1280, e.url)
	b.do(chromedp.Navigate(e.url+"/console"), fill(`input[name="email"]`, support))
	b.inspect("console-sign-in")
	b.do(wide)
	b.press("E-mail me a sign-in link")
	b.shows("h1", "Check your mail")
	b.do(chromedp.Navigate(e.mailedURL("magic", support)), click(".button"))
	b.shows("h1", "Notifications")
	b.titled("(2) Notifications · PlanoAuth")
	if at := evaluate[string](b, "location.href"); at != e.url+"/console#/notifications" {
		t.Errorf("the console is at %s", at)
	}
	b.shows("td", "A request crashed")
	if crash := evaluate[string](b, `document.querySelector('a[href^="/statuses/"]').getAttribute("href")`); crash != "/statuses/application-crash" {
		t.Errorf("the crash links to %s", crash)
	}
	b.inspect("console-notifications")
	b.do(click(".menu"))
	b.shows(".side.open", "Sign out")
	b.inspect("console-menu")
	b.do(wide)
	b.press("Acknowledge: Mail 12 (welcome) was given up")
	b.titled("(1) Notifications · PlanoAuth")
	b.shows(".what.settled", "Mail 12")
	if e.count("notifications WHERE acknowledged_by = $1 AND message LIKE 'Mail 12%'", e.userID(support)) != 1 {
		t.Error("the notification is not acknowledged by the employee")
	}
	b.press("Not acknowledged: Mail 12 (welcome) was given up")
	b.titled("(2) Notifications · PlanoAuth")
	b.press("Unacknowledged")
	b.shows("td", "The clean-up failed")

	b.press("People")
	b.titled("(2) People · PlanoAuth")
	b.shows("td", "sam@example.com")
	b.inspect("console-people")
	b.do(wide, fill(".search input", "hopp"))
	b.waits(`location.hash === "#/people?q=hopp" && document.querySelectorAll("tbody tr").length === 1`)
	b.do(click(".row-link"))
	b.shows("h1", "Grace Hopper")
	b.titled("(2) Grace Hopper · PlanoAuth")
	b.shows("td", "Firefox on Linux")
	b.inspect("console-person")
	b.do(wide)
	b.press("Sign out: Firefox on Linux, PlanoOrder")
	b.shows("dialog[open] h2", "Sign out Firefox on Linux?")
	b.inspect("console-sign-out")
	b.do(wide)
	if e.count("sessions WHERE user_id = $1", e.userID(customer)) != 1 {
		t.Error("the session ended before anybody agreed")
	}
	b.press("Sign out")
	b.shows(".empty", "Not signed in anywhere")
	if e.count("sessions WHERE user_id = $1", e.userID(customer)) != 0 {
		t.Error("the session did not end")
	}

	e.exec("UPDATE users SET suspended = true WHERE email = $1", customer)
	b.do(chromedp.Reload())
	b.shows("h1", "Grace Hopper")
	b.do(chromedp.WaitVisible(chromedp.CSS("form select")))
	b.press("Check")
	b.shows(".steps .failed", "The person is suspended.")
	if outcome := evaluate[string](b, `document.querySelector(".notice.problem a").innerText`); outcome != "user-suspended" {
		t.Errorf("the outcome is %s", outcome)
	}
	b.inspect("console-explain")
	b.do(wide, click(`[role="switch"]`))
	b.waits(`!document.querySelector('[role="switch"]').checked`)
	b.waits(`document.querySelector("main .view-head").innerText.indexOf("Suspended") < 0`)
	if e.count("users WHERE email = $1 AND suspended", customer) != 0 {
		t.Error("the customer is still suspended")
	}
	b.press("Check")
	b.shows(".notice.good", "signing in works")
	b.press("Show the events")
	b.shows("td", "peopleExplain")
	evaluate[bool](b, "history.back(), true")
	b.waits(`location.hash === "#/people?q=hopp" && document.querySelector(".search input").value === "hopp"`)

	b.press("Audit")
	b.shows("td", "peopleUpdate")
	b.inspect("console-audit")
	b.do(wide, click("tbody .row-link"))
	b.shows("dialog[open] dt", "Request")
	b.inspect("console-audit-event")
}

// testConsoleAdministration: an admin edits, moves, exports and deletes a person; support may not act on who has access.
func testConsoleAdministration(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	admin, support := e.user(person{access: "admin"}), e.user(person{access: "support"})
	email := e.user(person{email: "ada@example.com", client: true, noPassword: true})
	id := e.userID(email)
	b := openConsole(t, chromium, e, admin, fmt.Sprintf("#/people/%d", id))
	b.shows("h1", "Ada Lovelace")
	b.press("Edit: Details")
	b.do(fill(`dialog[open] input[name="last_name"]`, "King"), fill(`dialog[open] input[name="phone"]`, "12"))
	b.press("Save changes")
	b.waits(`document.querySelector('dialog [name="phone"]').ariaInvalid === "true" || document.querySelector("dialog .notice.problem")`)
	b.inspect("console-edit")
	b.do(wide, fill(`dialog[open] input[name="phone"]`, "+1 212 555 2368"))
	b.press("Save changes")
	b.shows("h1", "Ada King")
	if e.count("users WHERE id = $1 AND first_name = 'Ada' AND last_name = 'King' AND phone = '+12125552368'", id) != 1 {
		t.Error("the data is not saved")
	}
	if e.count("audit_events WHERE operation = 'peopleUpdate' AND changed = '{last_name,phone}'") != 1 {
		t.Error("the audit events do not say what changed")
	}
	b.press("Change the e-mail address")
	b.do(fill(`dialog[open] input[name="email"]`, "countess@example.com"))
	b.press("Send the link")
	b.shows(".toast", "The link is on its way")
	if e.mailedURL("email", "countess@example.com") == "" {
		t.Error("no link was mailed")
	}
	b.press("Send a new invitation")
	b.shows("dialog[open]", "Earlier invitations stop working.")
	b.press("Send a new invitation")
	b.shows(".toast", "The invitation is on its way")
	if !strings.Contains(e.mailedURL("reset", email), "/reset?token=") {
		t.Error("no invitation was mailed")
	}
	b.press("Download everything that is stored")
	b.shows(".toast", "The file is in your downloads")
	if e.count("audit_events WHERE operation = 'peopleExport' AND subject_id = $1", id) != 1 {
		t.Error("the export is not recorded")
	}
	b.press("Delete this person")
	b.do(fill(`dialog[open] input[name="email"]`, "grace@example.com"))
	b.press("Delete for good")
	b.waits(`document.querySelector('dialog [name="email"]').ariaInvalid === "true" || document.querySelector("dialog .notice.problem")`)
	b.inspect("console-delete")
	b.do(wide, fill(`dialog[open] input[name="email"]`, email))
	b.press("Delete for good")
	b.shows("h1", "People")
	if e.count("users WHERE id = $1", id) != 0 {
		t.Error("the person is not deleted")
	}
	b.do(chromedp.Navigate(e.url + fmt.Sprintf("/console?lang=es#/people/%d", e.userID(admin))))
	b.shows("section", "En la página de tu cuenta")
	b.waits(`!document.querySelector('[role="switch"]')`)
	b.inspect("console-spanish")

	b = openConsole(t, chromium, e, support, fmt.Sprintf("#/people/%d", e.userID(admin)))
	b.shows(".notice", "Only an administrator can change")
	b.shows("td", "127.0.0.1")
	if found := evaluate[[]string](b, mainControls); !slices.Equal(found, []string{"", "Show the events", "Check"}) {
		t.Errorf("support sees the controls %q of an admin", found) // one copies the id
	}
	b.inspect("console-guarded")

	colleague := e.userID(e.user(person{employee: true}))
	b.do(wide)
	b.goTo(fmt.Sprintf("#/people/%d", colleague), "Ada Lovelace")
	b.do(chromedp.WaitVisible(chromedp.CSS(`[role="switch"]`)))
	e.exec("UPDATE employees SET access = 'viewer' WHERE user_id = $1", colleague)
	b.do(click(`[role="switch"]`))
	b.press("Suspend")
	b.waits(`document.querySelector('dialog .notice.problem a[href="/statuses/permission-denied"]')`)
	b.inspect("console-refused")
	if e.count("users WHERE suspended") != 0 {
		t.Error("support has suspended somebody with access")
	}
}

// mainControls is an expression of JavaScript: the labels of what can be pressed in a view.
const mainControls = `[...document.querySelectorAll("[role=switch], main button")].map(control => control.innerText || control.role)`

// testConsoleViewer: a viewer sees people, and nothing that changes them.
func testConsoleViewer(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	customer := e.userID(e.user(person{client: true, noPassword: true}))
	b := openConsole(t, chromium, e, e.user(person{access: "viewer"}), fmt.Sprintf("#/people/%d", customer))
	b.shows("dt", "E-mail")
	b.waits(`document.querySelector("form select")`)
	b.inspect("console-viewer")
	b.do(wide)
	if found := evaluate[[]string](b, mainControls); !slices.Equal(found, []string{"", "Check"}) {
		t.Errorf("a viewer sees the controls %q", found) // one copies the id
	}
	if shown := evaluate[string](b, `document.querySelector("nav").innerText`); strings.Contains(shown, "Audit") || !strings.Contains(shown, "People") {
		t.Errorf("a viewer sees the sections %q", shown)
	}
	b.do(chromedp.Navigate(e.url + "/console#/audit"))
	b.shows("h1", "Nothing here")
	b.inspect("console-missing")

	b = openConsole(t, chromium, e, e.user(person{employee: true}), "")
	b.shows("h1", "Notifications")
	b.shows(".empty", "Everything is acknowledged")
	b.inspect("console-nothing")
	if shown := evaluate[int](b, `document.querySelectorAll("nav a").length`); shown != 1 {
		t.Errorf("an employee without access sees %d sections", shown)
	}
}

// testConsoleClient: who is no employee is told so.
func testConsoleClient(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	client, nobody := e.user(person{client: true}), e.user(person{})
	b := openConsole(t, chromium, e, client, "#/people")
	b.shows("h1", "This page is for employees")
	b.shows("main", client)
	b.inspect("console-no-employee")
	b.do(chromedp.WaitVisible(chromedp.CSS(`main a[href="/account"]`)))
	b.press("Sign out")
	b.shows("h1", "Sign in")
	if e.count("sessions") != 0 {
		t.Error("the session goes on")
	}
	b = openConsole(t, chromium, e, nobody, "")
	b.shows("h1", "This page is for employees")
}

// testConsoleExpiry: a session that ends while somebody types costs them nothing that they typed.
func testConsoleExpiry(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	admin, customer := e.user(person{access: "admin"}), e.userID(e.user(person{client: true}))
	b := openConsole(t, chromium, e, admin, fmt.Sprintf("#/people/%d", customer))
	b.waits(`document.querySelector("form select") && document.querySelector(".list .empty")`) // everything that is loaded has come
	b.press("Edit: Details")
	b.do(fill(`dialog[open] input[name="last_name"]`, "Byron"))
	e.exec("DELETE FROM sessions")
	e.awaitListener()
	b.press("Save changes")
	b.shows("dialog[open] h2", "Sign in again")
	b.inspect("console-expired")
	const again = `dialog[open][aria-label="Sign in again"] `
	b.do(wide, fill(again+`input[name="email"]`, admin), fill(again+`input[name="password"]`, goodPassword), click(again+"form .button"))
	b.shows("h1", "Ada Byron")
	if e.count("users WHERE id = $1 AND last_name = 'Byron'", customer) != 1 {
		t.Error("what was typed is lost")
	}
}

// testConsoleHostile: what strangers wrote is text on every view.
func testConsoleHostile(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	const attack = `"><img src=x onerror=alert(1)><script>alert(2)</script>`
	customer := e.user(person{client: true})
	id := e.userID(customer)
	e.exec("UPDATE users SET first_name = $2, last_name = 'javascript:alert(3)' WHERE id = $1", id, attack)
	e.exec("UPDATE clients SET company_name = $2 WHERE user_id = $1", id, attack)
	e.session(customer, "planoorder")
	e.exec("UPDATE sessions SET user_agent = $2 WHERE user_id = $1", id, attack)
	e.exec(`INSERT INTO audit_events (created_at, operation, status, subject_id, request_id, actor_application, user_agent)
		VALUES (now(), $2, $2, $1, 'AAAA', $2, $2)`, id, attack)
	e.notification(note{kind: attack, message: attack})
	b := openConsole(t, chromium, e, e.user(person{access: "admin"}), "")
	b.shows("td", attack)
	for _, view := range []struct{ hash, selector, shown string }{
		{"#/people", "td", attack}, {fmt.Sprintf("#/people/%d", id), "h1", attack}, {"#/audit", "td", attack},
		{"#/people?q=" + url.QueryEscape(attack+"!"), ".empty", "Nothing matches"}, {"#/" + url.QueryEscape(attack), "h1", "Nothing here"},
		{fmt.Sprintf("#/audit?user=%d&operation=%s", id, url.QueryEscape(attack)), "td", attack},
	} {
		b.do(chromedp.Navigate(e.url + "/console" + view.hash))
		b.shows(view.selector, view.shown)
		b.waits(`!document.querySelector("main .waiting")`)
		if evaluate[int](b, `document.querySelectorAll('img[src="x"], #page script, a[href^="javascript:"]').length`) != 0 {
			t.Errorf("%s: the page has an element that a stranger wrote", view.hash)
		}
	}
	b.do(click("tbody .row-link"))
	b.shows("dialog[open]", attack)
	b.inspect("console-hostile-event")
	for name, hash := range map[string]string{"people": "people", "person": fmt.Sprintf("people/%d", id), "none": "people?q=nobody"} {
		b.do(wide, chromedp.Navigate(e.url+"/console#/"+hash), chromedp.Reload())
		b.waits(`document.querySelector("main h1") && !document.querySelector("main .waiting")`)
		b.inspect("console-hostile-" + name)
	}
}

// tabTo goes on with the key Tab until an element has the focus.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 80 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if evaluate[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	b.fail("the key Tab never comes to " + selector)
}

// testConsoleKeyboard: an admin suspends a person without a mouse.
func testConsoleKeyboard(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	admin, customer := e.user(person{access: "admin"}), e.user(person{email: "grace@example.com", client: true})
	b := openTab(t, chromium, 1280, e.url)
	b.do(chromedp.Navigate(e.url+"/console"), chromedp.WaitVisible(chromedp.CSS("form")))
	b.tabTo(`input[name="email"]`)
	b.do(chromedp.KeyEvent(admin))
	b.tabTo(`input[name="password"]`)
	b.do(chromedp.KeyEvent(goodPassword), chromedp.KeyEvent(kb.Enter))
	b.shows("h1", "Notifications")
	b.tabTo(".skip")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waits(`document.activeElement.matches("main")`)
	b.do(chromedp.Navigate(e.url+"/console#/notifications"), chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("nav")))
	b.tabTo(`nav a[href="#/people"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waits(`document.activeElement.matches("h1") && document.activeElement.innerText === "People"`)
	b.tabTo(".search input")
	b.do(chromedp.KeyEvent("grace"))
	b.waits(`document.querySelectorAll("tbody tr").length === 1 && location.hash.includes("grace")`)
	b.tabTo("tbody .row-link")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waits(`document.querySelector("[role=switch]")`)
	b.tabTo("[role=switch]")
	b.do(chromedp.KeyEvent(" "))
	b.shows("dialog[open] h2", "Suspend")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.waits(`!document.querySelector("dialog") && document.activeElement.matches("[role=switch]")`)
	if e.count("users WHERE suspended") != 0 {
		t.Error("Escape suspends")
	}
	b.do(chromedp.KeyEvent(" "))
	b.shows("dialog[open] h2", "Suspend")
	b.tabTo("dialog form .button.danger")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waits(`document.querySelector("[role=switch]").checked && !document.querySelector("dialog")`)
	if e.count("users WHERE email = $1 AND suspended", customer) != 1 {
		t.Error("the person is not suspended")
	}
}

// testConsoleRefresh: new notifications come by themselves, and leave the focus where it is.
func testConsoleRefresh(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	e.notification(note{kind: "mail-given-up", message: "Mail 1 was given up", age: time.Hour})
	b := openConsole(t, chromium, e, e.user(person{employee: true}), "")
	b.titled("(1) Notifications · PlanoAuth")
	b.press("Acknowledge: Mail 1 was given up")
	b.titled("Notifications · PlanoAuth")
	const focused = `document.activeElement.ariaLabel === "Not acknowledged: Mail 1 was given up"`
	evaluate[bool](b, `document.querySelector("td.end button").focus(), true`)
	b.waits(focused)
	e.notification(note{kind: "mail-given-up", message: "Mail 2 was given up"})
	evaluate[bool](b, `document.dispatchEvent(new Event("visibilitychange")), true`) // as when somebody comes back to the tab
	b.titled("(1) Notifications · PlanoAuth")
	b.shows("tbody tr:first-child", "Mail 2 was given up")
	b.shows("tbody tr:last-child", "Mail 1 was given up")
	if !evaluate[bool](b, focused) {
		t.Error("the new notification has taken the focus")
	}
}
