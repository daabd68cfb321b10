package tests

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/mailer"
)

// hostile is a text of a stranger. If it became markup, the browser would complain: nothing inline may run, and no
// address has such an image.
const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>`

// hostileEmail is an address that a strict mail server could deliver to.
const hostileEmail = `"><img/src=x/onerror=alert(3)>"@example.com`

// TestAttacksLong attacks the pages in Chromium, as strangers do. Other tests attack single pages: TestHostedPagesLong,
// TestLinkPagesLong, TestAccountPageLong, TestConsolePeopleLong and TestConsoleRegistryLong.
func TestAttacksLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, attack := range map[string]func(*testing.T, context.Context){
		"frames": attackByFrames, "texts of people": attackByTexts, "texts on hosted pages": attackHostedPages, "texts in mails": attackByMails,
		"texts in addresses": attackByAddresses, "a stranger's challenge": attackByChallenge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attack(t, chromium)
		})
	}
}

// isUnharmed fails if a text of a stranger has become a part of the page.
func (b *tab) isUnharmed() {
	b.t.Helper()
	const parts = `document.querySelectorAll('[onerror], img[src="x"], #page script:not([src]), a[href^="javascript:" i]').length`
	if n := evaluate[int](b, parts); n != 0 {
		b.t.Errorf("%s has %d parts that a stranger wrote", evaluate[string](b, "location.href"), n)
	}
}

// attackByFrames shows pages in frames of another site, over whose buttons it could lay its own.
func attackByFrames(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL, withSQL(orderSQL), withDevMailbox)
	email := e.user(person{client: true})
	want[client.SessionsMagicLinkRequestActionSuccessful](e.api.SessionsMagicLinkRequest(t.Context(),
		client.SessionsMagicLinkRequestParams{Email: email, Application: "planoorder"}))(t)
	paths := []string{
		"/", "/statuses", "/statuses/invalid-token", "/docs", "/nothing", "/account", "/account?lang=es", "/console",
		"/sign-in" + hostedQuery(), "/sign-in", "/register" + hostedQuery(), "/forgot" + hostedQuery("challenge", ""),
		"/dev/mail", "/dev/mail/1", "/dev/mail/1?text", "/dev/mail/1/html",
	}
	for kind, path := range linkPaths {
		for _, ago := range []time.Duration{0, 30 * 24 * time.Hour} {
			paths = append(paths, path+"?token="+e.link(kind, e.user(person{client: true}), "", ago))
		}
	}
	const own = "/own"
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>Win a prize</title>`)
		if r.URL.Path == own {
			return
		}
		for _, path := range paths {
			fmt.Fprintf(w, `<iframe src="%s"></iframe>`, html.EscapeString(e.url+path))
		}
		fmt.Fprintf(w, `<iframe src="%s"></iframe><object data="%[2]s"></object><embed src="%[2]s">`, own, e.url+"/account")
	}))
	t.Cleanup(site.Close)
	b := openTab(t, chromium, 1280, e.url, site.URL)
	b.do(chromedp.Navigate(site.URL)) // until all frames are loaded
	tree, err := chromedp.Call(b.ctx, page.GetFrameTree, cdp.Empty{})
	check(t, err)
	var shown []string
	for _, child := range tree.FrameTree.ChildFrames {
		if !strings.HasPrefix(child.Frame.URL, "chrome-error://") {
			shown = append(shown, child.Frame.URL)
		}
	}
	if n := len(tree.FrameTree.ChildFrames); n < len(paths)+1 || len(shown) != 1 || shown[0] != site.URL+own {
		t.Errorf("of %d frames these are shown: %s", n, strings.Join(shown, "\n"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = slices.DeleteFunc(b.complaints, func(text string) bool {
		return strings.Contains(text, "frame-ancestors") || strings.Contains(text, "ERR_BLOCKED_BY_RESPONSE")
	})
}

// harm writes a hostile text wherever a person or an operator can. It returns the id of a user who has such texts.
func (e *env) harm() (id int64) {
	e.t.Helper()
	email := e.user(person{client: true})
	id = e.userID(email)
	e.session(email, "planoorder")
	company := e.withCompany(hostile)
	e.exec("UPDATE users SET email = $2, first_name = $3, last_name = $3, phone = $3 WHERE id = $1", id, hostileEmail, hostile)
	e.exec("UPDATE clients SET company_name = $2, company_id = $3 WHERE user_id = $1", id, hostile, company)
	e.exec("UPDATE sessions SET user_agent = $2, redirect_url = 'javascript:alert(4)' WHERE user_id = $1", id, hostile)
	e.exec(`UPDATE applications SET name = $1, support_url = 'javascript:alert(5)', redirect_origins = ARRAY[$1]
		WHERE slug = 'planoorder'`, hostile)
	e.exec(`INSERT INTO audit_events
		(created_at, operation, status, subject_id, request_id, actor_application, application, user_agent, changed)
		VALUES (now(), $2, $2, $1, 'AAAA', $2, $2, $2, ARRAY[$2])`, id, hostile)
	e.notification(note{kind: hostile, message: hostile})
	return id
}

// attackByTexts shows an employee what strangers wrote.
func attackByTexts(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	id := e.harm()
	b := openConsole(t, chromium, e, e.user(person{access: "admin"}), "")
	b.shows("td", hostile)
	for _, view := range []struct{ hash, selector, text string }{
		{fmt.Sprint("#/people/", id), "h1", hostile},
		{fmt.Sprint("#/people/", id), "main", hostileEmail},
		{"#/people", "td", hostileEmail},
		{fmt.Sprint("#/clients/", id), "h1", hostile},
		{"#/companies", "td", hostile},
		{fmt.Sprint("#/applications/", e.applicationID("planoorder")), "h1", hostile},
		{"#/audit", "td", hostile},
		{fmt.Sprintf("#/audit?user=%d&operation=%s", id, url.QueryEscape(hostile)), "td", hostile},
		{"#/" + url.QueryEscape(hostile), "h1", ""},
		{"", "td", hostile}, // the notifications
	} {
		b.do(chromedp.Navigate(e.url + "/console" + view.hash))
		b.shows(view.selector, view.text)
		b.waits(`!document.querySelector("main .waiting")`)
		b.isUnharmed()
	}
	b.leaksNothing(e)
}

// attackHostedPages shows people of a product what others wrote.
func attackHostedPages(t *testing.T, chromium context.Context) {
	v := startVisit(t, chromium)
	id := v.e.harm()
	v.e.exec("UPDATE applications SET redirect_origins = '{}' WHERE slug = 'planoorder'")
	v.e.within(busyLimit, "the name counts", func() bool {
		return strings.Contains(v.e.send("GET", "/forgot?application=planoorder", nil).text, "onerror")
	})
	for _, path := range []string{"/sign-in", "/register", "/forgot"} {
		v.open(path, "lang", hostile, "email", hostile, "redirect_url", v.shop.url+"/back?"+hostile)
		v.shows(".brand", hostile)
		v.isUnharmed()
		v.open(path, "application", hostile, "redirect_url", "javascript:alert(6)//"+hostile, "challenge", hostile)
		v.shows("h1", "This page cannot be opened like this")
		v.isUnharmed()
	}
	v.do(chromedp.Navigate(v.shop.url))
	v.e.exec("UPDATE users SET email = 'x@example.com' WHERE id = $1", id)
	token := v.e.session("x@example.com", "planoorder")
	v.e.exec("UPDATE users SET email = $2 WHERE id = $1", id, hostileEmail)
	v.shop.signedIn(token)
	for _, row := range []struct{ sql, selector, text string }{
		{"SELECT 1", ".brand", hostile}, // a client already
		{"DELETE FROM clients", ".notice", hostileEmail},
		{"DELETE FROM sessions", "main", hostile}, // the way back names the application
	} {
		v.e.exec(row.sql)
		v.do(chromedp.Navigate(v.shop.url+"/checkout"), click("button"))
		v.shows(row.selector, row.text)
		v.isUnharmed()
	}
}

// attackByChallenge sends somebody to sign in for a stranger's browser at the product. What that browser needs, the
// verifier, is not in the victim's, and what the victim's gets never reaches the stranger.
func attackByChallenge(t *testing.T, chromium context.Context) {
	v := startVisit(t, chromium)
	v.open("/sign-in", "challenge", challengeOf(strings.Repeat("x", 43)))
	v.do(fill("[name=email]", v.e.user(person{client: true})), fill("[name=password]", goodPassword), click("form .button"))
	v.shows("h1", "Not signed in: invalid-magic-link")
	if at := evaluate[string](v.tab, "location.href"); !strings.HasPrefix(at, v.shop.url+"/back?order=7&magic_token=") {
		t.Errorf("the victim is at %s", at)
	}
}

// attackByMails shows mails whose every fact is hostile, as they are and in the development mailbox.
func attackByMails(t *testing.T, chromium context.Context) {
	served := serveMails(t)
	b := openTab(t, chromium, 320, served)
	for _, kind := range mailer.Kinds {
		b.do(chromedp.Navigate(fmt.Sprintf("%s/%s/en/hostile", served, kind)))
		b.shows(".card", "Hello "+hostile)
		b.isUnharmed()
	}

	box := &mailer.Mailbox{}
	e := start(t, func(o *options) { o.mailer = box }, withSettings(inDevelopment), withSettings(func(s *impl.Settings) {
		s.FirstPeople = []admin.FirstPerson{{
			Email: "first@example.com", FirstName: hostile, Role: hostile, Link: "/account", Label: hostile,
		}}
	}))
	e.user(person{email: "first@example.com"})
	check(t, box.Send(t.Context(), &db.Mail{
		ID: 900, Subject: hostile, ToName: hostile, ToEmail: hostileEmail, CreatedAt: time.Now(),
		TextBody: "https://x.example/" + hostile + " javascript:alert(7)",
		HTMLBody: `<!doctype html><html lang="en"><head><title>x</title></head><body><p>whole</p></body></html>`,
	}))
	b = openTab(t, chromium, 1280, e.url)
	for _, page := range []struct{ path, selector string }{
		{"/", ".people"}, {"/dev/mail", ".mails"}, {"/dev/mail/900", "h1"}, {"/dev/mail/900?text", "pre"},
	} {
		b.do(chromedp.Navigate(e.url + page.path))
		b.shows(page.selector, hostile)
		b.isUnharmed()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = slices.DeleteFunc(b.complaints, func(text string) bool { return strings.Contains(text, "/dev/mail.json") })
}

// attackByAddresses opens addresses that a stranger has written. Swagger UI could be told by its query to read a document
// of another site.
func attackByAddresses(t *testing.T, chromium context.Context) {
	e := start(t, atPublicURL)
	b := openTab(t, chromium, 1280, e.url)
	escaped := url.QueryEscape(hostile)
	for _, row := range []struct{ path, selector, text string }{
		{"/docs?url=https://evil.example/openapi.json&configUrl=https://evil.example/config.json", ".opblock-summary-path", "/sessions/create"},
		{"/docs?urls.primaryName=" + escaped, ".opblock-summary-path", "/sessions/create"},
		{"/docs?oauth2RedirectUrl=javascript:alert(8)#/" + escaped + "/" + escaped, ".opblock-summary-path", "/sessions/create"},
		{"/statuses?words=" + escaped + "#" + escaped, "h1", "Statuses"},
		{"/statuses/" + url.PathEscape(hostile), "h1", "Page not found"},
		{"/account?lang=" + escaped + "&email=" + escaped + "&magic_token=" + escaped + "#" + escaped, "h1", "Sign in to PlanoAuth"},
		{"/console?lang=" + escaped + "&application=" + escaped + "#/people/" + escaped, "h1", "Sign in to PlanoAuth"},
		{"/google/callback?state=" + escaped + "&code=" + escaped + "&error=" + escaped, "h1", ""},
		{"/reset?token=" + escaped, "h1", "This link does not work any more"},
	} {
		b.do(chromedp.Navigate(e.url + row.path))
		b.shows(row.selector, row.text)
		b.isUnharmed()
	}
	for _, path := range []string{
		"//evil.example", "//evil.example/%2e%2e", `/\evil.example`, "/docs//evil.example", "/account//evil.example", "/https://evil.example",
	} {
		if a := e.send("GET", path, nil, "Accept", "text/html"); a.code != 404 || a.header.Get("Location") != "" {
			t.Errorf("%s is answered %d, with the Location %q", path, a.code, a.header.Get("Location"))
		}
	}
}
