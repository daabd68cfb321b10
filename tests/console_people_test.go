package tests

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/impl"
)

// startPublic starts a server whose PUBLIC_URL is where it really is, as its pages need it.
func startPublic(t *testing.T, opts ...func(*options)) *env {
	t.Helper()
	var server *httputil.ReverseProxy
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { server.ServeHTTP(w, req) }))
	t.Cleanup(front.Close)
	e := start(t, append(opts, withSettings(func(s *impl.Settings) { s.PublicURL = front.URL }))...)
	target, err := url.Parse(e.url)
	check(t, err)
	server = httputil.NewSingleHostReverseProxy(target)
	e.url = front.URL
	return e
}

// TestConsolePeopleLong uses the console as employees do.
func TestConsolePeopleLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"arrival": testConsoleArrival,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, chromium)
		})
	}
}

// openConsole opens the console as an employee who has just signed in with a password.
func (b *tab) openConsole(e *env, email, hash string) {
	b.t.Helper()
	b.do(chromedp.Navigate(e.url + "/console" + hash))
	b.do(fill(`input[name="email"]`, email), fill(`input[name="password"]`, goodPassword), click("form .button"))
}

func testConsoleArrival(t *testing.T, chromium context.Context) {
	e := startPublic(t)
	email := e.employee("admin")
	_ = email
	e.notification(note{kind: "application-crash", message: "A request crashed"})
	e.notification(note{kind: "mail-given-up", message: "Mail 12 (welcome) was given up"})
	b := openTab(t, chromium, 1280, e.url)
	b.openConsole(e, e.user(person{access: "admin"}), "")
	b.shows("h1", "Notifications")
	b.shows("td", "Mail 12")
	b.inspect("console-notifications")
}
