package tests

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/web"
)

// hostedQuery is what a product passes to the pages.
func hostedQuery(change ...string) string {
	query := url.Values{"application": {"planoorder"}, "redirect_url": {orderURL}, "challenge": {challengeOf(verifier)}}
	for i := 0; i < len(change); i += 2 {
		if query.Set(change[i], change[i+1]); change[i+1] == "" {
			query.Del(change[i])
		}
	}
	return "?" + query.Encode()
}

// checkDocument checks what all pages have in common.
func checkDocument(t *testing.T, a answer) {
	t.Helper()
	for name, value := range map[string]string{
		"Content-Security-Policy": web.Policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=UTF-8", "Access-Control-Allow-Origin": "",
	} {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s is %q", name, got)
		}
	}
	for _, hostile := range []string{"<script>alert", "<img onload", "javascript:alert", `"onload`} {
		if strings.Contains(a.text, hostile) {
			t.Errorf("the page has %s", hostile)
		}
	}
}

// asRead replaces what stands in a page for other characters, or for its look.
var asRead = strings.NewReplacer(`\u0026`, "&", "<code>", "", "</code>", "")

// TestHostedPages: what a product passes is checked before anybody types a password.
func TestHostedPages(t *testing.T) {
	t.Parallel()
	const bad = "This page cannot be opened like this"
	rows := []struct {
		name, path string
		query      string
		code       int
		want       string
	}{
		{"signing in", "/sign-in", hostedQuery(), 200, `"path":"/sign-in"`},
		{"registering", "/register", hostedQuery(), 200, `"redirect_url":"` + orderURL + `"`},
		{"a forgotten password", "/forgot", hostedQuery("challenge", ""), 200, `"path":"/forgot"`},
		{"a forgotten password, on the way to a product", "/forgot", hostedQuery(), 200, challengeOf(verifier)},
		{"without redirect_url it is the application's url", "/sign-in", hostedQuery("redirect_url", ""), 200, `"redirect_url":"` + orderURL + `"`},
		{"PlanoAuth itself", "/forgot", "?application=planoauth", 200, `"redirect_url":"https://auth.example"`},
		{"no query", "/sign-in", "", 400, "application: there is no such application"},
		{"an unknown application", "/sign-in", hostedQuery("application", "planonothing"), 400, "application: "},
		{"no challenge", "/sign-in", hostedQuery("challenge", ""), 400, "challenge: "},
		{"no challenge to register", "/register", hostedQuery("challenge", ""), 400, "challenge: "},
		{"a verifier that is too short", "/forgot", hostedQuery("challenge", "abc"), 400, "challenge: "},
		{"a challenge of other characters", "/sign-in", hostedQuery("challenge", strings.Repeat("+", 43)), 400, "challenge: "},
		{"another site", "/sign-in", hostedQuery("redirect_url", "https://evil.example/"), 400, "redirect_url: it must be at one"},
		{"another site that looks like it", "/sign-in", hostedQuery("redirect_url", "https://order.example.evil.example/"), 400, "redirect_url: "},
		{"another site behind a user part", "/sign-in", hostedQuery("redirect_url", "https://order.example@evil.example/"), 400, "redirect_url: "},
		{"another site without a scheme", "/forgot", hostedQuery("redirect_url", "//evil.example/"), 400, "redirect_url: "},
		{"a backslash", "/sign-in", hostedQuery("redirect_url", `https://order.example\@evil.example/`), 400, "redirect_url: "},
		{"a script", "/sign-in", hostedQuery("redirect_url", "javascript:alert(1)"), 400, "redirect_url: "},
		{"http", "/sign-in", hostedQuery("redirect_url", "http://order.example/start"), 400, "redirect_url: "},
		{"an endless redirect_url", "/sign-in", hostedQuery("redirect_url", orderURL+"?"+strings.Repeat("a", 2048)), 400, "redirect_url: "},
		{"an application without a url", "/sign-in", hostedQuery("application", "planox2", "redirect_url", ""), 400, "redirect_url: it is required"},
		{"an application without clients", "/register", hostedQuery("application", "planostaff", "redirect_url", ""), 400, "application: it does not admit"},
		{"scripts in every param", "/forgot", hostedQuery("application", "<script>alert(1)", "email", "<script>alert(2)", "lang", "<script>alert(3)"), 400, bad},
		{"scripts that a page ignores", "/forgot", hostedQuery("email", `"><script>alert(2)</script>`, "lang", "<img onload=x>"), 200, `lang="en"`},
		{"in Spanish", "/sign-in", hostedQuery("lang", "es"), 200, `<html lang="es">`},
		{"a refusal in Spanish", "/sign-in", "?lang=es-MX", 400, "Esta página no se puede abrir así"},
	}
	e := start(t, withSQL(orderSQL, "INSERT INTO applications (slug, name, url, admits) VALUES ('planostaff', 'PlanoStaff', 'https://staff.example/', '{employee}')"))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := e.send("GET", row.path+row.query, nil)
			if a.code != row.code || !strings.Contains(asRead.Replace(a.text), row.want) {
				t.Errorf("it answers %d %s", a.code, a.text)
			}
			checkDocument(t, a)
			if a.code == 400 && (strings.Contains(a.text, "evil.example") || strings.Contains(a.text, `id="data"`)) {
				t.Errorf("the page says %s", a.text)
			}
		})
	}
	if a := e.send("GET", "/sign-in", nil, "Accept-Language", "de, es;q=0.8, en;q=0.5"); !strings.Contains(a.text, `<html lang="es">`) {
		t.Errorf("the browser's language does not count: %s", a.text)
	}
}

// TestHostedPagesOfHostileApplications: what operators write by SQL runs nowhere.
func TestHostedPagesOfHostileApplications(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, `UPDATE applications SET name = '</script><script>alert(1)</script>"''', support_url = 'javascript:alert(2)',
		accent_color = '#fff}</style>', logo_digest = 'x' WHERE slug = 'planoorder'`))
	for _, path := range []string{"/sign-in", "/register", "/forgot"} {
		a := e.send("GET", path+hostedQuery(), nil)
		checkDocument(t, a)
		if a.code != 200 || strings.Contains(a.text, "</style>") {
			t.Errorf("%s answers %d %s", path, a.code, a.text)
		}
	}
	e.exec("UPDATE applications SET url = 'javascript:alert(1)', redirect_origins = '{javascript:alert(1)}' WHERE slug = 'planoorder'")
	e.within(busyLimit, "a script is no redirect_url", func() bool { return e.send("GET", "/sign-in"+hostedQuery("redirect_url", ""), nil).code == 400 })
}

// form is a body that browsers send.
func form(values ...string) []byte {
	body := url.Values{}
	for i := 0; i < len(values); i += 2 {
		body.Add(values[i], values[i+1])
	}
	return []byte(body.Encode())
}

const formType = "application/x-www-form-urlencoded"

// TestRegisterByPost: a product's page hands over the session of somebody who is no client yet.
func TestRegisterByPost(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, "UPDATE applications SET url = 'https://x2.example/' WHERE slug = 'planox2'"))
	email := e.user(person{})
	token, other := e.signIn(email), e.session(email, "planox2")
	late := e.user(person{})
	ofClient, expired := e.signIn(e.user(person{client: true})), e.signIn(late)
	ofEmployee, inactive := e.session(e.user(person{employee: true}), "planoorder"), e.session(e.user(person{client: true, inactive: true}), "planoorder")
	e.exec("UPDATE applications SET admits = '{client,employee}' WHERE slug = 'planoorder'")
	e.exec("UPDATE sessions SET created_at = created_at - interval '8 days' WHERE user_id = $1", e.userID(late))
	const (
		order   = "https://order.example"
		bad     = "This page cannot be opened like this"
		stopped = "We stopped this request"
		over    = "You are not signed\u00a0in any more"
	)
	plain := hostedQuery("challenge", "")
	rows := []struct {
		name    string
		origins string // joined by blanks
		query   string
		kind    string
		body    []byte
		code    int
		want    string
	}{
		{"from a page of the product", order, plain, formType, form("token", token), 200, `"email":"` + email + `"`},
		{"in another spelling of the content type", order, plain, formType + "; charset=UTF-8", form("token", token), 200, `"last_name":"Lovelace"`},
		{"with a challenge, which nobody needs", order, hostedQuery(), formType, form("token", token), 200, `"token":"` + token + `"`},
		{"just small enough", order, plain, formType, append(form("token", token, "z", ""), strings.Repeat("a", 4096-len(form("token", token, "z", "")))...), 200, email},
		{"an employee", order, plain, formType, form("token", ofEmployee), 200, `"first_name":"Ada"`},
		{"a client", order, plain, formType, form("token", ofClient), 200, "You are registered"},
		{"no Origin", "", plain, formType, form("token", token), 403, stopped},
		{"a page that hides its origin", "null", plain, formType, form("token", token), 403, stopped},
		{"another site", "https://evil.example", plain, formType, form("token", token), 403, stopped},
		{"another site that looks like it", order + ".evil.example", plain, formType, form("token", token), 403, stopped},
		{"another application", "https://x2.example", plain, formType, form("token", token), 403, stopped},
		{"a page of PlanoAuth", "https://auth.example", plain, formType, form("token", token), 403, stopped},
		{"two origins", order + " https://evil.example", plain, formType, form("token", token), 403, stopped},
		{"another site without an application", "https://evil.example", "", formType, form("token", token), 403, stopped},
		{"a session of another application", order, plain, formType, form("token", other), 403, stopped},
		{"a session of the query's application, from another's page", order, hostedQuery("application", "planox2", "redirect_url", "", "challenge", ""), formType, form("token", other), 403, stopped},
		{"no application", order, "", formType, form("token", token), 400, "application: "},
		{"a redirect to another site", order, hostedQuery("challenge", "", "redirect_url", "https://evil.example/"), formType, form("token", token), 400, "redirect_url: "},
		{"a redirect to another application", order, hostedQuery("challenge", "", "redirect_url", "https://x2.example/"), formType, form("token", token), 400, "redirect_url: "},
		{"a script as the redirect", order, hostedQuery("challenge", "", "redirect_url", "javascript:alert(1)"), formType, form("token", token), 400, "redirect_url: "},
		{"no token", order, plain, formType, form("other", "x"), 400, "token: "},
		{"an empty token", order, plain, formType, form("token", ""), 400, "token: "},
		{"two tokens", order, plain, formType, form("token", token, "token", token), 400, "token: "},
		{"the token in the query", order, plain + "&token=" + token, formType, nil, 400, "token: "},
		{"JSON", order, plain, "application/json", []byte(`{"token":"` + token + `"}`), 400, "Content-Type: "},
		{"a form with files", order, plain, "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n" + token + "\r\n--x--\r\n"), 400, "Content-Type: "},
		{"too large", order, plain, formType, append(form("token", token, "z", ""), strings.Repeat("a", 4096)...), 413, "4096 bytes"},
		{"a token that was made up", order, plain, formType, form("token", token[:40]+strings.Repeat("a", 21)), 401, over},
		{"something else", order, plain, formType, form("token", "<script>alert(1)"), 401, over},
		{"a session that has expired", order, plain, formType, form("token", expired), 401, over},
		{"somebody without access", order, plain, formType, form("token", inactive), 401, over},
		{"the token of the application", order, plain, formType, form("token", e.applicationToken("planoorder")), 401, over},
	}
	statuses := map[string]string{
		"Content-Type: ": "invalid-content-type", "4096 bytes": "request-too-large", stopped: "origin-not-allowed", over: "invalid-token",
	}
	for _, row := range rows {
		slug := statuses[row.want]
		if at := slices.IndexFunc(gen.Statuses, func(s *gen.Status) bool { return s.Slug == slug }); slug != "" && gen.Statuses[at].Code != row.code {
			t.Errorf("%s: %s has the code %d", row.name, slug, gen.Statuses[at].Code)
		}
		t.Run(row.name, func(t *testing.T) {
			headers := []string{"Content-Type", row.kind}
			for origin := range strings.FieldsSeq(row.origins) {
				headers = append(headers, "Origin", origin)
			}
			a := e.send("POST", "/register"+row.query, row.body, headers...)
			if a.code != row.code || !strings.Contains(asRead.Replace(a.text), row.want) {
				t.Errorf("it answers %d %s", a.code, a.text)
			}
			checkDocument(t, a)
			if shown := strings.Contains(a.text, `id="data"`); shown != strings.Contains(a.text, "plas_") || !shown && strings.Contains(a.text, "@example.com") {
				t.Errorf("the page says %s", a.text)
			}
			if row.want == over && !strings.Contains(a.text, `href="`+orderURL+`"`) {
				t.Errorf("there is no way back: %s", a.text)
			}
		})
	}
	if e.readAs("", token) != "client-required" && e.count("sessions WHERE user_id = $1", e.userID(email)) != 2 || e.count("clients WHERE user_id = $1", e.userID(email)) != 0 {
		t.Error("the page has changed something by itself")
	}
	if log := e.logs.String(); strings.Contains(log, "plas_") || strings.Contains(log, email) {
		t.Error("the log has a token or an address")
	}
}

// TestRegisterByPostIsLimited: pages that look up sessions count like operations.
func TestRegisterByPostIsLimited(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) { s.ThrottleAddress = 3 }))
	e.clock.stop(time.Now())
	codes := ""
	for range 4 {
		a := e.send("POST", "/register"+hostedQuery(), form("token", "x"), "Content-Type", formType, "Origin", "https://order.example")
		checkDocument(t, a)
		if codes += http.StatusText(a.code) + " "; a.code == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Error("it does not say how long to wait")
		}
	}
	if codes != "Unauthorized Unauthorized Unauthorized Too Many Requests " {
		t.Errorf("it answers %s", codes)
	}
}
