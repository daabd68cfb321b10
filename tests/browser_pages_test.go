package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/impl"
)

// testStatusPages goes from the start page to a status, and on to the explorer.
func testStatusPages(t *testing.T, chromium context.Context) {
	e := start(t)
	b := openTab(t, chromium, 1200, e.url)
	b.do(chromedp.Navigate(e.url))
	b.shows("h1", "PlanoAuth")
	b.inspect("start-production")
	b.do(click(`a[href="/statuses"]`))
	b.shows("h1", "Statuses")
	b.inspect("statuses")
	b.do(fill("#words", "E-Mail FOUND"))
	b.shows("#found", "1 status")
	if shown := evaluate[string](b, "[...document.querySelectorAll('.statuses dt')].filter(part => part.checkVisibility()).map(part => part.innerText).join()"); shown != "email-not-found" {
		t.Errorf("the search shows %s", shown)
	}
	b.inspect("statuses-found")
	b.do(click(`a[href="/statuses/email-not-found"]`))
	b.shows("h1", "email-not-found")
	b.inspect("status")
	b.do(chromedp.Navigate(e.url + "/statuses/action-successful"))
	b.shows("h1", "action-successful")
	b.inspect("status-successful")
	b.do(click(`a[href="/docs#/sessions/sessionsCreate"]`))
	b.shows("#operations-sessions-sessionsCreate .opblock-description", "Signs a user in")
}

// testPackage runs the TypeScript package on a page of an application, whose origin is not PlanoAuth's.
func testPackage(t *testing.T, chromium context.Context) {
	files := http.NewServeMux()
	files.Handle("/planoauth/", http.StripPrefix("/planoauth/", http.FileServer(http.Dir(compiledPackage(t)))))
	files.Handle("/openapi-fetch/", http.StripPrefix("/openapi-fetch/", http.FileServer(http.Dir("../gen/ts/node_modules/openapi-fetch/dist"))))
	files.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>Order</title>
			<script type="importmap">{"imports": {"planoauth": "/planoauth/index.js", "openapi-fetch": "/openapi-fetch/index.mjs"}}</script>`)
	})
	order := httptest.NewServer(files)
	t.Cleanup(order.Close)
	e := start(t, withSQL("UPDATE applications SET redirect_origins = '{"+order.URL+"}' WHERE slug = 'planoorder'"),
		withSettings(func(s *impl.Settings) { s.ThrottlePasswords = []int{1} }))
	email := e.user(person{client: true})
	b := openTab(t, chromium, 1200, order.URL, e.url)
	b.do(chromedp.Navigate(order.URL))

	// Each line of the result is a status and the headers that the page can read.
	script := fmt.Sprintf(`(async () => {
		const { PlanoAuth } = await import('planoauth')
		const lines = []
		let headers
		const fetch = async request => {
			const answer = await globalThis.fetch(request)
			headers = ['X-Request-Id', 'Link', 'Retry-After'].map(name => answer.headers.get(name))
			return answer
		}
		const note = outcome => {
			const [id, link, retry] = headers
			lines.push([outcome.status, id === outcome.request_id, link, retry > 0].join(' '))
			return outcome
		}
		let token
		const planoauth = new PlanoAuth({ baseUrl: %q, fetch, token: () => token })
		const signIn = password => planoauth.sessionsCreate({ email: %q, password, application: 'planoorder' }).then(note)
		note(await planoauth.sessionsRead({}))
		token = (await signIn(%q)).data.token
		note(await planoauth.sessionsRead({ view: 'full' }))
		await signIn('wrong')
		await signIn('wrong')
		return lines
	})()`, e.url, email, goodPassword)
	want := []string{
		`missing-param true </statuses/missing-param>; rel="help" false`,
		`action-successful true  false`,
		`action-successful true  false`,
		`invalid-password true </statuses/invalid-password>; rel="help" false`,
		`rate-limit-exceeded true </statuses/rate-limit-exceeded>; rel="help" true`,
	}
	if lines := evaluate[[]string](b, script); !slices.Equal(lines, want) {
		t.Errorf("the package answers %s", strings.Join(lines, "\n"))
	}
	asked := 0 // for leave to call, with a token or JSON
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if r.Request.Method == http.MethodOptions {
			asked++
		}
	}
	if asked == 0 {
		t.Error("the browser did not ask whether the page may call")
	}
}

// compiledPackage returns a directory with the TypeScript package as browsers load it.
func compiledPackage(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	check(t, installPackages())
	dir := t.TempDir()
	build := exec.Command("node_modules/.bin/tsc", "--outDir", dir)
	build.Dir = "../gen/ts"
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("tsc: %v\n%s", err, text)
	}
	return dir
}
