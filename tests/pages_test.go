package tests

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// newToken returns a random token with this prefix.
func newToken(prefix string) string {
	var bits [35]byte
	rand.Read(bits[:32])
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(append([]byte(prefix), bits[:32]...)))
	copy(bits[32:], sum[1:])
	return prefix + base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding).EncodeToString(bits[:])
}

// link inserts a link of a user, as if it had been mailed this long ago, and returns its token.
func (e *env) link(kind, email, redirectURL string, ago time.Duration) string {
	e.t.Helper()
	token := newToken("plal_")
	digest := sha256.Sum256([]byte(token))
	e.exec(`INSERT INTO links (kind, user_id, application_id, redirect_url, token_digest, created_at)
		SELECT $1, users.id, applications.id, $2, $3, $4 FROM users, applications WHERE email = $5 AND slug = 'planoorder'`,
		kind, redirectURL, digest[:], e.clock.now().Add(-ago), email)
	return token
}

// emailLink inserts a link that changes the address of a user, or undoes that, and returns its token.
func (e *env) emailLink(kind, email, to string, byAdmin bool, ago time.Duration) string {
	e.t.Helper()
	token := e.link(kind, email, "", ago)
	digest := sha256.Sum256([]byte(token))
	e.exec("UPDATE links SET email = $2, by_admin = $3 WHERE token_digest = $1", digest[:], to, byAdmin)
	return token
}

var linkPaths = map[string]string{
	"magic": "/magic", "reset": "/reset", "verification": "/verify", "invitation": "/reset", "email_change": "/email", "email_change_undo": "/email",
}

// page requests the page of a link.
func (e *env) page(method, kind, token string) answer {
	e.t.Helper()
	return e.send(method, linkPaths[kind]+"?token="+url.QueryEscape(token), nil)
}

// TestLinkPages requests the page of each kind of link in each state. Looking at a page changes nothing.
func TestLinkPages(t *testing.T) {
	t.Parallel()
	lives := map[string]time.Duration{"magic": 15 * time.Minute, "reset": time.Hour, "verification": 7 * 24 * time.Hour,
		"invitation": 7 * 24 * time.Hour, "email_change": time.Hour, "email_change_undo": 72 * time.Hour}
	const notValid, script = "<h1>This link does not work any more</h1>", `<script type="module"`
	for kind, life := range lives {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL("UPDATE applications SET url = 'https://order.example/start' WHERE slug = 'planoorder'"))
			e.clock.stop(time.Now().Truncate(time.Second))
			mailed := func(ago time.Duration) func() string {
				return func() string { return e.link(kind, e.user(person{client: true}), "", ago) }
			}
			good := mailed(0)()
			e.firstCleanUp()
			shown, tooOld := fmt.Sprintf(`%s*"kind":%q,"email":`, script, kind), fmt.Sprintf(`%s*"kind":%q,"expired":true,`, script, kind)
			if kind == "magic" {
				shown = "<h1>Sign in</h1>"
			}
			dayOld, dayOldPage := 410, tooOld // where employees have no more time than that
			if life > 24*time.Hour && kind != "invitation" {
				dayOld, dayOldPage = 200, shown
			}
			rows := []struct {
				name  string
				token func() string
				code  int
				parts string // of the page, with * between them
			}{
				{"a new link", mailed(0), 200, shown},
				{"a link in its last moment", mailed(life - time.Millisecond), 200, shown},
				{"a link at the end of its life", mailed(life), 410, tooOld},
				{"a link of an employee, a day old", func() string { return e.link(kind, e.user(person{employee: true}), "", 24*time.Hour) }, dayOld, dayOldPage},
				{"a link of last year", mailed(365 * 24 * time.Hour), 410, tooOld},
				{"no token", func() string { return "" }, 404, notValid},
				{"markup", func() string { return "<script>alert(1)</script>" }, 404, notValid},
				{"a token of a session", func() string { return e.session(e.user(person{client: true}), "planoorder") }, 404, notValid},
				{"a mistyped token", func() string { return good[:20] + map[bool]string{true: "b", false: "a"}[good[20] == 'a'] + good[21:] }, 404, notValid},
				{"a token that never was", func() string { return newToken("plal_") }, 404, notValid},
				{"a link of another kind", func() string {
					other := map[string]string{"magic": "reset", "reset": "verification", "verification": "magic", "invitation": "verification", "email_change": "reset", "email_change_undo": "magic"}[kind]
					return e.link(other, e.user(person{client: true}), "", 0)
				}, 404, notValid},
				{"a used link", func() string {
					email := e.user(person{client: true})
					token := e.link(kind, email, "", 0)
					e.exec("DELETE FROM links USING users WHERE user_id = users.id AND users.email = $1", email)
					return token
				}, 404, notValid},
			}
			for _, row := range rows {
				token := row.token()
				before := e.state()
				for _, method := range []string{"GET", "GET", "HEAD"} {
					a := e.page(method, kind, token)
					if a.code != row.code || method == "GET" && !containsAll(a.text, row.parts) || method == "HEAD" && a.text != "" {
						t.Errorf("%s, %s: want %d %q, have %d %s", row.name, method, row.code, row.parts, a.code, a.text)
					}
					checkPage(t, row.name, a)
					// The others read it in their address.
					if inIt := token != "" && strings.Contains(a.text, token); inIt != (kind == "magic" && row.code == 200 && method == "GET") || strings.Contains(a.text, "<script>alert") {
						t.Errorf("%s: the page has the token: %v", row.name, inIt)
					}
				}
				if after := e.state(); after != before {
					t.Errorf("%s: looking at the page changed %s to %s", row.name, before, after)
				}
				if token != "" && strings.Contains(e.logs.String(), token) {
					t.Errorf("%s: the log has the token", row.name)
				}
			}
		})
	}
}

// containsAll reports whether a text contains these parts, which a * separates.
func containsAll(text, parts string) bool {
	for part := range strings.SplitSeq(parts, "*") {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// state returns all that a page could change.
func (e *env) state() string {
	return fmt.Sprint(e.count("links"), e.count("sessions"), e.count("mails"), e.count("users WHERE email_verified_at IS NULL"), e.count("notifications"))
}

// checkPage checks the headers of the page of a link.
func checkPage(t *testing.T, name string, a answer) {
	t.Helper()
	for header, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=UTF-8",
	} {
		if got := a.header.Get(header); got != want {
			t.Errorf("%s: %s is %q", name, header, got)
		}
	}
	policy := a.header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'", "script-src 'self'"} {
		if !strings.Contains("; "+policy+";", "; "+rule+";") {
			t.Errorf("%s: the policy is %q", name, policy)
		}
	}
	text := strings.Replace(a.text, `<script type="application/json" id="data">`, "", 1) // that is no script
	if strings.Contains(policy, "unsafe") || strings.Contains(a.text, "<style") || strings.Contains(a.text, " style=") ||
		regexp.MustCompile(`<script[^>]*>[^<]|\son[a-z]+=`).MatchString(text) {
		t.Errorf("%s: the page needs what its policy forbids: %s", name, a.text)
	}
	if cookies := a.header.Values("Set-Cookie"); len(cookies) > 0 {
		t.Errorf("%s: there are cookies %v", name, cookies)
	}
}

// TestMagicPage: the button leads to a URL that the application still allows, works without JavaScript, and
// carries no other token.
func TestMagicPage(t *testing.T) {
	t.Parallel()
	const app = "https://order.example/start?lang=en"
	rows := []struct {
		name, url, redirect string
		want                string // without the token; "" when the link leads nowhere
	}{
		{"without a redirect it leads to the application", app, "", app + "&magic_token="},
		{"it leads to the redirect", app, "https://order.example/open?order=7&state=a%20b%2Fc#top", "https://order.example/open?order=7&state=a%20b%2Fc&magic_token=#top"},
		{"a redirect without a path", app, "https://order.example", "https://order.example?magic_token="},
		{"an origin besides the application's", app, "http://localhost:3000/", "http://localhost:3000/?magic_token="},
		{"a token that stands there already goes", app, "https://order.example/?magic_token=evil&x=1&magic%5Ftoken=evil", "https://order.example/?x=1&magic_token="},
		{"what is not allowed any more becomes the application", app, "https://former.example/", app + "&magic_token="},
		{"nor is another scheme allowed", app, "http://order.example/", app + "&magic_token="},
		{"nor a script", app, "javascript:alert(1)", app + "&magic_token="},
		{"nor a script that looks like the origin", app, "javascript://order.example/%0aalert(1)", app + "&magic_token="},
		{"nor a user part", app, "https://order.example@evil.example/", app + "&magic_token="},
		{"nor a backslash", app, `https://order.example\@evil.example/`, app + "&magic_token="},
		{"without an application's URL either it leads nowhere", "", "https://former.example/", ""},
		{"nor does it without both", "", "", ""},
		{"an application's URL that is a script leads nowhere", "javascript:alert(1)", "", ""},
		{"nor does one that looks like a host", "javascript://order.example/%0aalert(1)", "javascript://order.example/%0aalert(1)", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL("UPDATE applications SET redirect_origins = '{http://localhost:3000}', url = '"+row.url+"' WHERE slug = 'planoorder'"))
			token := e.link("magic", e.user(person{client: true}), row.redirect, 0)
			a := e.page("GET", "magic", token)
			checkPage(t, row.name, a)
			if strings.Contains(a.text, "javascript:") || strings.Contains(a.text, "evil") || strings.Contains(a.text, "<script") {
				t.Errorf("the page is %s", a.text)
			}
			if row.want == "" {
				if a.code != 404 || strings.Contains(a.text, token) || !strings.Contains(a.text, `<a class="button wide" href="/account"`) {
					t.Errorf("the page is %d %s", a.code, a.text)
				}
				return
			}
			var links []string
			for _, link := range regexp.MustCompile(`<a [^>]*href="([^"]*)"`).FindAllStringSubmatch(a.text, -1) {
				links = append(links, html.UnescapeString(link[1]))
			}
			next := strings.Replace(row.want, "magic_token=", "magic_token="+token, 1)
			if want := []string{next, "#es", next, "#en"}; a.code != 200 || !slices.Equal(links, want) {
				t.Errorf("want %s, have %d %v", want, a.code, links)
			}
		})
	}
}

// TestRedirectOfLinkIsCheckedAgain: an operator removes an origin after the mail was sent.
func TestRedirectOfLinkIsCheckedAgain(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET redirect_origins = '{https://shop.example}', url = 'https://order.example/' WHERE slug = 'planoorder'"))
	for kind := range linkPaths {
		token := e.link(kind, e.user(person{client: true}), "https://shop.example/cart", 0)
		e.within(busyLimit, "the page leads to the redirect", func() bool {
			return containsAll(e.page("GET", kind, token).text, leads(kind, "https://shop.example/cart"))
		})
		e.exec("UPDATE applications SET redirect_origins = '{}' WHERE slug = 'planoorder'")
		e.within(busyLimit, "the page leads to the application", func() bool {
			text := e.page("GET", kind, token).text
			return containsAll(text, leads(kind, "https://order.example/")) && !strings.Contains(text, "shop.example")
		})
		e.exec("UPDATE applications SET redirect_origins = '{https://shop.example}' WHERE slug = 'planoorder'")
	}
}

// leads is the part of the page of a link that leads to an address.
func leads(kind, to string) string {
	if kind == "magic" {
		return `href="` + to
	}
	return `"next":"` + to
}

// TestLinkPagesEscape: the names of users and applications are escaped.
func TestLinkPagesEscape(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(`UPDATE applications SET name = '<b onclick="alert(1)">Plano</b>', slug = 'plano"order', url = 'https://order.example/?a="><i>' WHERE slug = 'planoorder'`))
	for kind := range linkPaths {
		email := e.user(person{client: true})
		e.exec(`UPDATE users SET email = '"><i>' || id || '@example.com' WHERE email = $1`, email)
		token := newToken("plal_")
		digest := sha256.Sum256([]byte(token))
		e.exec(`INSERT INTO links (kind, user_id, application_id, token_digest, created_at)
			SELECT $1, max(users.id), applications.id, $2, $3 FROM users, applications WHERE slug = 'plano"order' GROUP BY applications.id`, kind, digest[:], e.clock.now())
		a := e.page("GET", kind, token)
		name := `\u003cb onclick=\"alert(1)\"\u003ePlano\u003c/b\u003e` // in the data of a script
		if kind == "magic" {
			name = "&lt;b onclick=&#34;alert(1)&#34;&gt;Plano&lt;/b&gt;"
		}
		if a.code != 200 || strings.Contains(a.text, "<b ") || strings.Contains(a.text, `"><i>`) || strings.Contains(a.text, "<script>") || !strings.Contains(a.text, name) {
			t.Errorf("%s: %d %s", kind, a.code, a.text)
		}
	}
}

// TestLinkPageData: the script of a page is told what it needs, and nothing that is not for whoever has the mail.
func TestLinkPageData(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET url = 'https://order.example/', redirect_origins = '{https://shop.example}' WHERE slug = 'planoorder'"))
	ada, grace := e.user(person{client: true, email: "ada@example.com"}), e.user(person{client: true, noPassword: true, email: "grace@example.com"})
	const next = `"next":"https://order.example/"`
	rows := []struct{ name, token, want string }{
		{"reset", e.link("reset", ada, "https://shop.example/cart", 0),
			`{"kind":"reset","email":"ada@example.com","redirect_url":"https://shop.example/cart","next":"https://shop.example/cart"}`},
		{"invitation", e.link("invitation", grace, "https://former.example/", 0), `{"kind":"invitation","email":"grace@example.com",` + next + `}`},
		{"verification", e.link("verification", ada, "", 8*24*time.Hour), `{"kind":"verification","expired":true,"email":"ada@example.com",` + next + `,"has_password":true}`},
		{"email_change", e.emailLink("email_change", ada, newEmail, false, 0), `{"kind":"email_change","email":"` + newEmail + `",` + next + `,"has_password":true}`},
		{"email_change", e.emailLink("email_change", grace, newEmail, true, 0), `{"kind":"email_change","email":"` + newEmail + `",` + next + `,"by_admin":true}`},
		{"email_change_undo", e.emailLink("email_change_undo", ada, "old@example.com", false, 0), `{"kind":"email_change_undo","email":"old@example.com",` + next + `}`},
	}
	for _, row := range rows {
		if text := e.page("GET", row.name, row.token).text; !strings.Contains(text, `"page":`+row.want+`}`) || !strings.Contains(text, "<noscript>") {
			t.Errorf("%s: want %s, have %s", row.name, row.want, text)
		}
	}
	for _, path := range []string{"/magic", "/reset", "/verify", "/email"} { // loaded again, after the script took the token away
		if a := e.send("GET", path+"?lang=es", nil); a.code != 200 || !strings.Contains(a.text, `"page":{}}`) || !strings.Contains(a.text, `<html lang="es">`) {
			t.Errorf("%s: %d %s", path, a.code, a.text)
		}
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			if a := e.send(method, path+"?token="+rows[0].token, nil); a.code != 404 {
				t.Errorf("%s %s answers %d", method, path, a.code)
			}
		}
	}
}

// TestLinksOfPlanoAuth: mailed links of PlanoAuth itself lead to the page that the person needs.
func TestLinksOfPlanoAuth(t *testing.T) {
	t.Parallel()
	e := start(t)
	rows := []struct {
		name     string
		person   person
		redirect string
		want     string
	}{
		{"an employee", person{access: "support"}, "", "https://auth.example/console"},
		{"a client", person{client: true}, "", "https://auth.example/account"},
		{"a user without a record", person{}, "", "https://auth.example/account"},
		{"an employee who began on the account page", person{access: "support"}, "https://auth.example/account?x=1", "https://auth.example/account?x=1"},
		{"elsewhere", person{client: true}, "https://evil.example/", "https://auth.example/account"},
	}
	for _, row := range rows {
		email := e.user(row.person)
		for _, kind := range []string{"magic", "reset"} {
			token := e.link(kind, email, row.redirect, 0)
			e.exec("UPDATE links SET application_id = (SELECT id FROM applications WHERE slug = 'planoauth') WHERE user_id = $1", e.userID(email))
			if text := e.page("GET", kind, token).text; !strings.Contains(text, leads(kind, row.want)) {
				t.Errorf("%s, %s: want %s, have %s", row.name, kind, row.want, text)
			}
		}
	}
}

// TestLinkPageWithoutDatabase: a page without a database tells the user so, and the failure is logged.
func TestLinkPageWithoutDatabase(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.link("magic", e.user(person{client: true}), "", 0)
	e.exec("ALTER TABLE links RENAME TO links_away")
	a := e.page("GET", "magic", token)
	checkPage(t, "without links", a)
	if a.code != 500 || !strings.Contains(a.text, "Something went wrong") || !strings.Contains(a.text, "<code>"+a.header.Get("X-Request-Id")+"</code>") || strings.Contains(a.text, "SQLSTATE") || strings.Contains(a.text, token) {
		t.Errorf("the page is %d %s", a.code, a.text)
	}
	if log := e.logs.String(); !strings.Contains(log, "SQLSTATE") || strings.Contains(log, token) || !strings.Contains(log, a.header.Get("X-Request-Id")) {
		t.Errorf("the log is %s", log)
	}
	if e.count("notifications WHERE kind = 'application-crash'") != 1 {
		t.Error("there is not one notification")
	}
}
