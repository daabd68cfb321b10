package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/planoauth/planoauth/gen/client"
)

// TestConsoleRegistryLong makes and changes records, companies, applications and deployments as employees do, in the
// console.
func TestConsoleRegistryLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"applications": testConsoleApplications, "two admins": testConsoleTwoAdmins, "deployment": testConsoleDeployment, "clients": testConsoleClients,
		"companies": testConsoleCompanies, "team": testConsoleTeam, "viewer": testConsoleRegistryViewer, "markup": testConsoleMarkup,
		"keyboard": testConsoleRegistryKeyboard, "Spanish": testConsoleSpanishRecords, "Spanish system": testConsoleSpanishSystem,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, chromium)
		})
	}
}

// press clicks the button or link of this text.
func press(text string) step {
	return chromedp.Click(chromedp.Search(fmt.Sprintf(`//*[self::button or self::a][normalize-space()=%q]`, text)))
}

// goTo shows another part of the console.
func (b *tab) goTo(hash, heading string) {
	b.t.Helper()
	evaluate[string](b, fmt.Sprintf("location.hash = %q", hash))
	b.shows("h1", heading)
}

// consoleOf opens the console for an employee of this access, and waits until it is there.
func consoleOf(t *testing.T, chromium context.Context, e *env, access, hash, heading string) *tab {
	t.Helper()
	b := openConsole(t, chromium, e, e.user(person{access: access}), hash)
	b.shows("h1", heading)
	return b
}

// withCompany adds a company and returns its id.
func (e *env) withCompany(name string) (id int64) {
	e.t.Helper()
	check(e.t, e.pool.QueryRow(e.t.Context(), "INSERT INTO companies (name) VALUES ($1) RETURNING id", name).Scan(&id))
	return id
}

func testConsoleApplications(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	b := consoleOf(t, chromium, e, "admin", "#/applications", "Applications")
	b.shows("td", "planoorder")
	b.inspect("console-applications")
	b.do(wide, press("New application"))
	b.shows("h1", "New application")
	b.do(fill(`[name="slug"]`, "Plano Ship"), press("Create the application"))
	b.waits(`document.querySelector('[name="slug"]').getAttribute("aria-invalid") === "true" && document.activeElement.name === "slug"`)
	b.inspect("console-application-refused")
	b.do(wide, fill(`[name="slug"]`, "planoorder"), fill(`[name="name"]`, "PlanoShip"), press("Create the application"))
	b.waits(`document.querySelector('a[href="/statuses/slug-taken"]') !== null`)
	b.do(fill(`[name="slug"]`, "planoship"), fill(`[name="url"]`, "https://ship.example/"), press("Add an origin"), chromedp.KeyEvent("https://beta.ship.example"),
		press("Create the application"))
	b.shows("h1", "PlanoShip")
	b.shows("section", "Sign-in URL")
	if e.count("applications WHERE slug = 'planoship' AND redirect_origins = '{https://beta.ship.example}' AND admits = '{client}' AND accent_color = ''") != 1 {
		t.Error("the application is not as it was typed")
	}

	b.do(press("New token"))
	b.shows("dialog[open]", "only this once")
	b.inspect("console-token-new")
	token := evaluate[string](b, `document.querySelector("dialog code").innerText`)
	b.do(wide, chromedp.KeyEvent(kb.Escape))
	b.shows("dialog[open]", "only this once")
	b.do(press("I have stored it"))
	b.waits(`!document.querySelector("dialog") && !document.body.innerText.includes("` + token + `")`)
	e.within(busyLimit, "the new token counts", func() bool { return e.readAs(token, "x") == "invalid-token session_token" })
	refuseToken(b, e)

	changeLooks(b, chromium, e)
	b.waits(`!document.querySelector(".notice.warning")`) // somebody has deleted the other tokens
	b.inspect("console-application")
	b.do(wide, click(`button[aria-label^="Delete"]`))
	b.shows("dialog[open]", "invalid-token")
	b.inspect("console-token-delete")
	b.do(wide, click("dialog form .button"))
	b.shows(".toast", "Token deleted")
	e.within(busyLimit, "the token counts no longer", func() bool {
		return strings.HasPrefix(e.readAs(token, "x"), "invalid-token") && e.readAs(token, "x") != "invalid-token session_token"
	})

	b.goTo(fmt.Sprintf("#/applications/%d", e.applicationID("planoauth")), "PlanoAuth")
	b.waits(`document.querySelector('[name="url"]').readOnly && document.querySelector('fieldset input[disabled]').checked`)
	b.inspect("console-application-planoauth")
}

// refuseToken asks for a token of the application that is shown, which has as many as it may have.
func refuseToken(b *tab, e *env) {
	b.t.Helper()
	e.exec(`INSERT INTO application_tokens (application_id, token_digest)
		SELECT id, ('x' || n)::bytea FROM applications, generate_series(1, 99) n WHERE slug = 'planoship'`)
	b.do(press("New token"))
	b.shows(".notice.warning", "as many tokens as it may have")
	b.waits(`document.querySelectorAll('button[aria-label^="Delete: Token"]').length === 100`)
	b.inspect("console-tokens-full")
	b.do(wide)
	e.exec("DELETE FROM application_tokens WHERE token_digest LIKE 'x%'")
}

// changeLooks gives the application that is shown a color and a logo, and looks at its page.
func changeLooks(b *tab, chromium context.Context, e *env) {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "logo.png")
	text := filepath.Join(b.t.TempDir(), "logo.txt")
	huge := filepath.Join(b.t.TempDir(), "huge.png")
	check(b.t, os.WriteFile(file, logo(b.t, 64), 0o600))
	check(b.t, os.WriteFile(text, []byte("no image"), 0o600))
	check(b.t, os.WriteFile(huge, make([]byte, 33<<10), 0o600))
	upload := func(file string) step {
		return chromedp.SetUploadFiles(chromedp.CSS(`input[type="file"]`), []string{file})
	}
	b.do(upload(text))
	b.shows(".error", "neither a PNG nor a WebP")
	b.do(upload(huge))
	b.shows(".error", "33 KiB")
	b.do(upload(file), fill(`[name="accent_color"]`, "#ffcc00"))
	b.waits(`document.querySelector(".preview img").src.startsWith("data:image/png") && !document.querySelector(".error")`)
	b.waits(`getComputedStyle(document.querySelector(".preview .button")).backgroundColor === "rgb(255, 204, 0)"`)
	b.waits(`getComputedStyle(document.querySelector(".view-head ~ * .button:not(.preview *):not(.plain)")).backgroundColor !== "rgb(255, 204, 0)"`) // the console keeps its own
	b.do(press("Save changes"))
	b.shows(".toast", "Saved")
	inspectHosted(b.t, chromium, e, `getComputedStyle(document.querySelector("form .button")).backgroundColor === "rgb(255, 204, 0)" &&
		document.querySelector(".brand img").naturalWidth === 64 && document.querySelector(".brand").innerText.includes("PlanoShip")`)
	b.do(press("Remove the logo"), fill(`[name="accent_color"]`, ""), press("Save changes"))
	e.within(busyLimit, "color and logo are gone", func() bool {
		return e.count("applications WHERE slug = 'planoship' AND accent_color = '' AND logo IS NULL") == 1
	})
}

// inspectHosted opens the sign-in page of planoship once it has a logo, and waits until an expression is true there.
func inspectHosted(t *testing.T, chromium context.Context, e *env, expression string) {
	t.Helper()
	other := openTab(t, chromium, 1280, e.url)
	page := e.url + "/sign-in?application=planoship&redirect_url=https://beta.ship.example/&challenge=" + challengeOf(verifier)
	for limit := time.Now().Add(browserLimit); ; time.Sleep(50 * time.Millisecond) { // settings count within a second
		other.do(chromedp.Navigate(page))
		other.shows("h1", "Sign in")
		if evaluate[bool](other, "document.querySelector('.brand img') !== null") || time.Now().After(limit) {
			break
		}
	}
	other.waits(expression)
	other.inspect("console-application-hosted")
}

// testConsoleTwoAdmins: two admins change one application; each sends only what they changed.
func testConsoleTwoAdmins(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL, withSQL("UPDATE applications SET url = 'https://order.example/', support_url = '' WHERE slug = 'planoorder'"))
	at := fmt.Sprintf("#/applications/%d", e.applicationID("planoorder"))
	one := consoleOf(t, chromium, e, "admin", at, "PlanoOrder")
	two := consoleOf(t, chromium, e, "admin", at, "PlanoOrder")
	one.do(fill(`[name="support_url"]`, "mailto:help@order.example"), fill(`[name="name"]`, "First"), press("Save changes"))
	one.shows(".toast", "Saved")
	two.do(fill(`[name="name"]`, "Last"), press("Save changes"))
	two.shows(".toast", "Saved")
	if e.count("applications WHERE slug = 'planoorder' AND name = 'Last' AND support_url = 'mailto:help@order.example' AND url = 'https://order.example/'") != 1 {
		t.Error("the last admin's form has overwritten what it did not change")
	}
	two.do(fill(`[name="url"]`, ""), press("Save changes"))
	e.within(busyLimit, "an empty text clears", func() bool { return e.count("applications WHERE slug = 'planoorder' AND url = ''") == 1 })
}

func testConsoleDeployment(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	b := consoleOf(t, chromium, e, "admin", "#/services", "Services")
	b.shows("td", "companies")
	b.waits(`document.querySelectorAll('input[role="switch"]').length > 0`)
	without := evaluate[[]string](b, `[...document.querySelectorAll("tbody tr")].filter(row => !row.querySelector('[role="switch"]')).map(row => row.querySelector("code").innerText)`)
	if !slices.Equal(without, administration) {
		t.Errorf("the services without a switch are %v", without)
	}
	b.shows("td", "Needed by the console")
	b.inspect("console-services")
	b.do(wide, press("companies"))
	b.shows("h1", "Routes")
	b.shows("td", "/api/v1/companies/read")
	b.inspect("console-routes")

	asked := func() string {
		outcome, err := e.api.CompaniesIndex(t.Context(), client.CompaniesIndexParams{}, client.WithToken(e.employee("viewer")))
		check(t, err)
		return outcome.Slug()
	}
	of := func(path string) string { return fmt.Sprintf(`//tr[contains(., %q)]//input[@role="switch"]`, path) }
	route := chromedp.Click(chromedp.Search(of("/api/v1/companies/index")))
	b.do(wide, route)
	b.shows("dialog[open]", "route-not-found")
	b.inspect("console-route-undeploy")
	b.do(wide, press("Cancel"))
	if asked() != "action-successful" {
		t.Error("what was cancelled was done")
	}
	b.do(route, click("dialog form .button"))
	b.shows("td .badge", "Undeployed")
	e.within(busyLimit, "the route is undeployed", func() bool { return asked() == "route-not-found" })
	b.do(press("Undeployed"))
	b.waits(`document.querySelectorAll("tbody tr").length === 1`)
	b.do(route)
	e.within(busyLimit, "the route is back", func() bool { return asked() == "action-successful" })

	b.goTo("#/services", "Services")
	service := chromedp.Click(chromedp.Search(of("companies")))
	b.do(service)
	b.shows("dialog[open]", "service-not-found")
	b.do(click("dialog form .button"))
	e.within(busyLimit, "the service is undeployed", func() bool { return asked() == "service-not-found" })
	b.goTo("#/routes?q=/api/v1/companies/", "Routes")
	b.shows("td", "Service undeployed")
	b.shows("td a", "Deploy its service first")
	b.waits(`!document.querySelector('[role="switch"]')`)
	b.inspect("console-routes-undeployed")
	b.goTo("#/services", "Services")
	b.do(wide, service)
	e.within(busyLimit, "the service is back", func() bool { return asked() == "action-successful" })
}

// mailTo waits for a mail to an address, and returns its text.
func (e *env) mailTo(email string) (text string) {
	e.t.Helper()
	e.within(busyLimit, "a mail arrives for "+email, func() bool {
		for _, mail := range e.mandrill.mails() {
			if mail.To == email {
				text = mail.Text
				return true
			}
		}
		return false
	})
	return text
}

func testConsoleClients(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	e.withCompany("Eckert-Mauchly")
	ada, known := e.user(person{client: true}), e.user(person{noPassword: true})
	proven, stranger := e.user(person{}), e.user(person{})
	e.exec("UPDATE users SET email_verified_at = now() WHERE email = ANY($1)", []string{known, proven})
	b := consoleOf(t, chromium, e, "support", "#/clients", "Clients")
	b.shows("td", ada)
	b.inspect("console-clients")
	b.do(wide, press("New client"))
	b.shows("h1", "New client")
	b.waits(`document.querySelector("select option") !== null`)
	b.inspect("console-client-new")
	b.do(wide)
	create := func(email string) {
		t.Helper()
		b.do(fill(`[name="email"]`, email), fill(`[name="first_name"]`, "Grace"), fill(`[name="last_name"]`, "Hopper"), press("Create the client"))
	}
	create("nobody")
	b.waits(`document.activeElement.name === "email" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	create(ada)
	b.shows(".notice a", "Show the record")
	create(stranger)
	b.shows(".notice", "A stranger may have made")
	b.inspect("console-client-unverified")
	b.do(wide, fill(`[name="company"]`, "Eckert"), press("Create the client"))
	b.shows(".error", "no company with this name")
	b.waits(`document.activeElement.name === "company"`)
	b.inspect("console-client-refused")
	b.do(wide, fill(`[name="company"]`, "ECKERT-mauchly"))
	create("grace@example.com")
	b.shows("h1", "Grace Hopper")
	if text := e.mailTo("grace@example.com"); !strings.Contains(text, e.url+"/reset?token=") {
		t.Errorf("the invitation is %s", text)
	}
	changeClient(b, e)

	b.goTo("#/clients/new", "New client")
	b.waits(`document.querySelector("select option") !== null`)
	create(proven)
	b.shows(".notice", "had an account already")
	b.inspect("console-client-existing")
	b.do(wide, press("Show the record"))
	b.shows("h1", "Ada Lovelace")

	e.mandrill.be("down")
	b.goTo("#/clients/new", "New client")
	b.waits(`document.querySelector("select option") !== null`)
	create("late@example.com")
	b.shows(".notice", "could not be sent")
	b.inspect("console-client-mail-failed")
	b.do(wide, press("Invite again"))
	b.waits(`document.querySelector('a[href="/statuses/mandrill-email-failed"]') !== null`)
	e.mandrill.be("")
	b.do(press("Invite again"))
	b.shows(".toast", "The invitation is on its way")
	b.waits(`document.activeElement.innerText === "Invite again"`) // where the person was
	e.mailTo("late@example.com")
}

// changeClient changes the client that is shown, who is Grace.
func changeClient(b *tab, e *env) {
	b.t.Helper()
	const grace = "clients JOIN users ON users.id = user_id WHERE email = 'grace@example.com'"
	if e.count(grace+" AND company_id IS NOT NULL AND NOT company_confirmed") != 1 {
		b.t.Error("the client has no company")
	}
	b.waits(`document.querySelector('[name="company"]')?.value === "Eckert-Mauchly"`)
	b.inspect("console-client")
	b.do(wide, fill(`[name="phone"]`, "1"), press("Save changes"))
	b.waits(`document.activeElement.name === "phone" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	b.do(fill(`[name="phone"]`, "+1 212 555 2368"), fill(`[name="first_name"]`, "Grace B."), press("Save changes"))
	b.shows("h1", "Grace B. Hopper")
	b.waits(`document.querySelector('[name="phone"]').value === "+12125552368"`)
	confirm := chromedp.Click(chromedp.Search(`//label[contains(., "Belongs to the company")]`))
	b.do(confirm)
	b.shows(".notice", "not confirmed yet")
	e.exec("UPDATE users SET email_verified_at = now() WHERE email = 'grace@example.com'")
	b.do(confirm)
	e.within(busyLimit, "the company is confirmed", func() bool { return e.count(grace+" AND company_confirmed AND phone = '+12125552368'") == 1 })
	b.do(fill(`[name="phone"]`, ""), fill(`[name="company"]`, ""), press("Save changes"))
	e.within(busyLimit, "empty texts clear", func() bool { return e.count(grace+" AND company_id IS NULL AND phone = ''") == 1 })
	b.do(chromedp.Click(chromedp.Search(`//label[normalize-space()="Active"]`)))
	b.shows("dialog[open]", "can do nothing as a client")
	b.inspect("console-client-deactivate")
	b.do(wide, click("dialog form .button"))
	e.within(busyLimit, "the client is inactive", func() bool { return e.count(grace+" AND NOT active") == 1 })
}

func testConsoleCompanies(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	b := consoleOf(t, chromium, e, "support", "#/companies", "Companies")
	b.shows(".empty", "No companies yet")
	b.inspect("console-companies-empty")
	b.do(wide, press("New company"))
	b.shows("h1", "New company")
	b.do(fill(`[name="name"]`, "Eckert-Mauchly"), press("Create the company"))
	b.shows("h1", "Eckert-Mauchly")
	b.inspect("console-company")
	b.goTo("#/companies/new", "New company")
	b.do(wide, fill(`[name="name"]`, "ECKERT-mauchly"), press("Create the company"))
	b.shows(".notice a", "Show the company")
	b.inspect("console-company-exists")
	b.do(wide, press("Show the company with this name"))
	b.shows("td", "Eckert-Mauchly")
	if e.count("companies") != 1 {
		t.Error("there are two companies of one name")
	}
	b.do(press("Eckert-Mauchly"))
	b.shows("h1", "Eckert-Mauchly")
	b.do(press("Rename"), fill(`dialog [name="name"]`, "Remington Rand"))
	b.inspect("console-company-rename")
	b.do(wide, click("dialog form .button"))
	b.shows("h1", "Remington Rand")
	b.do(click(`input[role="switch"]`), click("dialog form .button"))
	e.within(busyLimit, "the company is inactive", func() bool { return e.count("companies WHERE name = 'Remington Rand' AND NOT active") == 1 })
	b.goTo("#/companies?f=inactive", "Companies")
	b.shows("td", "Remington Rand")
	b.inspect("console-companies")
}

// testConsoleTeam: an admin makes employees and liaisons, and changes their access, but not their own.
func testConsoleTeam(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	b := consoleOf(t, chromium, e, "admin", "#/employees/new", "New employee")
	b.inspect("console-employee-new")
	b.do(wide, fill(`[name="email"]`, "grace@example.com"), chromedp.SetValue(chromedp.CSS(`[name="access"]`), "support"), press("Create the employee"))
	b.shows("h1", "grace@example.com")
	if text := e.mailTo("grace@example.com"); !strings.Contains(text, "24 hours") {
		t.Errorf("the invitation is %s", text)
	}
	const grace = "employees JOIN users ON users.id = user_id WHERE email = 'grace@example.com'"
	if e.count(grace+" AND access = 'support'") != 1 {
		t.Error("the employee has another access")
	}
	b.inspect("console-employee")
	b.do(wide, press("Change the access"), chromedp.SetValue(chromedp.CSS("dialog select"), "viewer"))
	evaluate[bool](b, `document.querySelector("dialog select").dispatchEvent(new Event("change", {bubbles: true}))`)
	b.shows("dialog .hint", "except the audit")
	b.inspect("console-employee-access")
	b.do(wide, click("dialog form .button"))
	e.within(busyLimit, "the access is lower", func() bool { return e.count(grace+" AND access = 'viewer'") == 1 })
	b.do(click(`input[role="switch"]`), click("dialog form .button"))
	e.within(busyLimit, "the employee is inactive", func() bool { return e.count(grace+" AND NOT active") == 1 })
	b.goTo("#/employees", "Employees")
	b.shows("td", "grace@example.com")
	b.inspect("console-employees")

	var own int64
	check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM employees WHERE access = 'admin'").Scan(&own))
	b.goTo(fmt.Sprintf("#/employees/%d", own), "Ada Lovelace")
	b.shows(".notice", "your own record")
	b.waits(`document.querySelectorAll('main :is(button, [role="switch"])').length === 0`)
	b.inspect("console-employee-own")

	b.goTo("#/liaisons/new", "New liaison")
	b.inspect("console-liaison-new")
	b.do(wide, fill(`[name="email"]`, "grace@example.com"), fill(`[name="first_name"]`, "Grace"), press("Create the liaison"))
	b.shows("h1", "grace@example.com") // the names are for new users only
	b.inspect("console-liaison")
	b.do(wide, click(`input[role="switch"]`), click("dialog form .button"))
	e.within(busyLimit, "the liaison is inactive", func() bool { return e.count("liaisons WHERE NOT active") == 1 })
	b.goTo("#/liaisons", "Liaisons")
	b.shows("td", "grace@example.com")
	b.inspect("console-liaisons")
	b.goTo("#/liaisons/777", "Not found")
	b.shows(".notice.problem", "Request")
	b.inspect("console-liaison-missing")
}

// testConsoleRegistryViewer: a viewer sees everything, and nothing to change it with; support nothing of an admin's.
func testConsoleRegistryViewer(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	company := e.withCompany("Eckert-Mauchly")
	ada := e.user(person{client: true, liaison: true, employee: true})
	e.exec("UPDATE clients SET company_id = $1 WHERE user_id = $2", company, e.userID(ada))
	e.exec("INSERT INTO application_tokens (application_id, token_digest) SELECT id, 'x' FROM applications WHERE slug = 'planoorder'")
	record := func(table string) (id int64) {
		t.Helper()
		check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM "+table+" WHERE user_id = $1", e.userID(ada)).Scan(&id))
		return id
	}
	order := e.applicationID("planoorder")
	for access, pages := range map[string][]struct{ hash, heading, shown string }{
		"viewer": {
			{"clients", "Clients", ada}, {fmt.Sprint("clients/", record("clients")), "Ada Lovelace", "Eckert-Mauchly"},
			{"employees", "Employees", ada}, {fmt.Sprint("employees/", record("employees")), "Ada Lovelace", ada},
			{"liaisons", "Liaisons", ada}, {fmt.Sprint("liaisons/", record("liaisons")), "Ada Lovelace", ada},
			{"companies", "Companies", "Eckert-Mauchly"}, {fmt.Sprint("companies/", company), "Eckert-Mauchly", "Clients"},
			{"applications", "Applications", "planoorder"}, {fmt.Sprint("applications/", order), "PlanoOrder", "Token "},
			{"services", "Services", "companies"}, {"routes", "Routes", "/api/v1/companies/read"},
		},
		"support": {
			{"employees", "Employees", ada}, {fmt.Sprint("employees/", record("employees")), "Ada Lovelace", ada},
			{"applications", "Applications", "planoorder"}, {fmt.Sprint("applications/", order), "PlanoOrder", "Token "},
			{"services", "Services", "companies"}, {"routes", "Routes", "/api/v1/companies/read"},
		},
	} {
		b := consoleOf(t, chromium, e, access, "#/clients", "Clients")
		b.shows("td", ada)
		for _, page := range pages {
			b.goTo("#/"+page.hash, page.heading)
			b.shows("main", page.shown)
			const changing = `main :is([role="switch"], form, dialog, a[href$="/new"], button:not(.toggle, .icon-button, .list > footer button))`
			if found := evaluate[[]string](b, fmt.Sprintf("[...document.querySelectorAll(%q)].map(part => part.outerHTML)", changing)); len(found) > 0 {
				t.Errorf("%s sees at %s %q", access, page.hash, found)
			}
			b.inspect("console-" + access + "-" + strings.Trim(page.hash, "/0123456789"))
			b.do(wide)
		}
	}
}

// testConsoleMarkup: names that look like markup are text, wherever they stand.
func testConsoleMarkup(t *testing.T, chromium context.Context) {
	const markup = `<img src=x onerror=alert(1)>"'</script>`
	e := start(t, atPublicURL)
	company := e.withCompany(markup)
	ada := e.user(person{client: true, liaison: true})
	e.exec("UPDATE users SET first_name = $1, last_name = $1 WHERE email = $2", markup, ada)
	e.exec("UPDATE clients SET company_id = $1, company_name = $2", company, markup)
	e.exec("UPDATE applications SET name = $1, redirect_origins = ARRAY[$1] WHERE slug = 'planoorder'", markup)
	b := consoleOf(t, chromium, e, "admin", "#/clients", "Clients")
	b.shows("td", ada)
	for hash, heading := range map[string]string{
		"clients": "Clients", "clients/1": markup, "liaisons": "Liaisons", "companies": "Companies", fmt.Sprint("companies/", company): markup,
		"applications": "Applications", fmt.Sprint("applications/", e.applicationID("planoorder")): markup, "clients/new": "New client",
		"routes?q=" + markup: "Routes",
	} {
		b.goTo("#/"+hash, heading)
		b.waits(`!document.querySelector(".waiting") && (document.querySelector("td, form, .empty, .detail") !== null)`)
		if strings.Contains(hash, "/new") {
			b.waits(`document.querySelector("option[value='planoorder']")?.innerText.includes("onerror")`)
		}
		if evaluate[bool](b, `document.querySelector("[onerror], img[src='x']") !== null`) {
			t.Errorf("%s has the markup as elements", hash)
		}
		b.fits()
		b.do(wide)
	}
}

// testConsoleRegistryKeyboard makes a company with the keyboard alone, from the start page of the console on.
func testConsoleRegistryKeyboard(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	b := consoleOf(t, chromium, e, "support", "#/companies", "Companies")
	b.tabTo(`a[href="#/companies/new"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shows("h1", "New company")
	b.tabTo(`[name="name"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waits(`document.activeElement.name === "name" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	b.do(chromedp.KeyEvent("Eckert-Mauchly"))
	b.tabTo(`form .button`)
	b.do(chromedp.KeyEvent(" "))
	b.shows("h1", "Eckert-Mauchly")
	b.tabTo(`[role="switch"]`)
	b.do(chromedp.KeyEvent(" "))
	b.shows("dialog[open]", "Deactivate this company?")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.waits(`!document.querySelector("dialog") && document.activeElement.matches('[role="switch"]')`)
	b.do(chromedp.KeyEvent(" "))
	b.shows("dialog[open]", "Deactivate this company?")
	b.tabTo(`dialog form .button.danger`)
	b.do(chromedp.KeyEvent(kb.Enter))
	e.within(busyLimit, "the company is inactive", func() bool { return e.count("companies WHERE NOT active") == 1 })
}
