package tests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// testConsoleDeepLink: a mailed link leads to the view that its request came from, in the browser that requested it.
func testConsoleDeepLink(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	viewer, customer := e.user(person{access: "viewer"}), e.userID(e.user(person{email: "grace@example.com", client: true}))
	at := fmt.Sprintf("%s/console#/people/%d", e.url, customer)
	b := openTab(t, chromium, 1280, e.url)
	request := func() (link string) {
		b.do(chromedp.Navigate(at), fill(`input[name="email"]`, viewer))
		b.press("E-mail me a sign-in link")
		b.shows("h1", "Check your mail")
		return e.mailedURL("magic", viewer)
	}
	b.do(chromedp.Navigate(request()), click(".button"))
	b.shows("dd", "grace@example.com")
	if now := evaluate[string](b, "location.href"); now != at {
		t.Errorf("the link leads to %s", now)
	}
	b.press("Sign out")
	b.shows("h1", "Sign in")

	other := openTab(t, chromium, 1280, e.url)
	other.do(chromedp.Navigate(request()), click(".button"))
	other.shows("h1", "Is this you?")
	other.press("Yes, go on")
	other.shows("h1", "Notifications")
	b.leaksNothing(e)
}

// shownTexts is an expression: the texts of a page with more than one word, but data that has no language.
const shownTexts = `(() => {
	const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	while (walker.nextNode()) {
		if (!walker.currentNode.parentElement.closest("script, code, time, body [lang]")) texts.push(walker.currentNode.data)
	}
	for (const name of ["aria-label", "placeholder", "title", "alt"]) {
		document.querySelectorAll("[" + name + "]").forEach(part => texts.push(part.getAttribute(name)))
	}
	return texts.map(text => text.trim()).filter(text => /\p{L}{2,}\P{L}+\p{L}{2,}/u.test(text) && !/[@/]/.test(text))
})()`

// inspectSpanish inspects views of the console in Spanish. No text, but for these, may be as it is in English.
func (b *tab) inspectSpanish(e *env, same []string, hashes ...string) {
	b.t.Helper()
	show := func(language, hash string) []string {
		b.t.Helper()
		b.do(chromedp.Navigate(fmt.Sprintf("%s/console?lang=%s&view=%s#/%s", e.url, language, hash, hash)))
		b.waits(`document.querySelector("main h1") && !document.querySelector("main .waiting") &&
			[...document.querySelectorAll("main .list")].every(list => list.querySelector("td, .empty"))`)
		return evaluate[[]string](b, shownTexts)
	}
	for _, hash := range hashes {
		english := show("en", hash)
		for _, text := range show("es", hash) {
			if slices.Contains(english, text) && !slices.Contains(same, text) {
				b.t.Errorf("%s shows in Spanish: %s", hash, text)
			}
		}
		b.inspect("console-es-" + strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(hash))
	}
}

func testConsoleSpanishPeople(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	admin := e.user(person{access: "admin"})
	customer := e.user(person{client: true, employee: true, liaison: true, noPassword: true})
	e.session(customer, "planoorder")
	e.notification(note{kind: "mail-given-up", message: "Mail 12 (welcome) was given up", age: time.Hour})
	b := openConsole(t, chromium, e, admin, "")
	b.shows("td", "Mail 12")
	data := []string{"Ada Lovelace", "action-successful"}
	b.inspectSpanish(e, append(data, "mail-given-up"), "notifications", "people", "audit", "nowhere", fmt.Sprint("people/", e.userID(admin)), fmt.Sprint("people/", e.userID(customer)))
	for _, dialog := range []string{"Editar: Datos", "Cambiar el correo electrónico", "Enviar otra invitación", "Cerrar todas las sesiones", "Eliminar a esta persona"} {
		b.press(dialog)
		b.do(chromedp.WaitVisible(chromedp.CSS("dialog")))
		b.inspect("console-es-dialog-" + strings.Trim(strings.Fields(dialog)[0], ":"))
		b.press("Cancelar")
	}
}

func testConsoleSpanishRecords(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	company := e.withCompany("Eckert-Mauchly")
	ada := e.user(person{client: true, employee: true, liaison: true})
	e.exec("UPDATE clients SET company_id = $1", company)
	id := func(table string) (id int64) {
		check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM "+table+" WHERE user_id = $1", e.userID(ada)).Scan(&id))
		return id
	}
	b := consoleOf(t, chromium, e, "admin", "#/clients", "Clients")
	b.inspectSpanish(e, []string{"Ada Lovelace", "Eckert-Mauchly"},
		"clients", fmt.Sprint("clients/", id("clients")), "clients/new", "employees", fmt.Sprint("employees/", id("employees")), "employees/new",
		"liaisons", fmt.Sprint("liaisons/", id("liaisons")), "liaisons/new", "companies", fmt.Sprint("companies/", company), "companies/new")
}

func testConsoleSpanishSystem(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	order := e.applicationID("planoorder")
	e.exec("INSERT INTO application_tokens (application_id, token_digest) VALUES ($1, 'x')", order)
	e.exec("UPDATE routes SET deployed_at = NULL WHERE path = '/api/v1/companies/read'")
	b := consoleOf(t, chromium, e, "admin", "#/applications", "Applications")
	b.inspectSpanish(e, []string{"audit_events"}, "applications", fmt.Sprint("applications/", order), "applications/new", "services", "routes?q=/api/v1/companies/")
}
