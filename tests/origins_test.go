package tests

import (
	"strings"
	"testing"

	"github.com/planoauth/planoauth/impl"
)

// TestOrigins: only pages of PUBLIC_URL's origin and of the applications' may call, and only theirs may read.
func TestOrigins(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET redirect_origins = '{https://Order.Example:443/}', url = 'https://shop.example:8443/start' WHERE slug = 'planoorder'"))
	token := e.signIn(e.user(person{client: true}))
	for origin, allowed := range map[string]bool{
		"https://auth.example": true, "https://order.example": true, "https://shop.example:8443": true,
		"https://shop.example": false, "https://evil.example": false, "http://order.example": false, "https://order.example.evil.example": false,
		"https://order.example/": false, "null": false, "": false, "http://localhost:3000": false, "http://127.0.0.1": false, "order.example": false,
	} {
		want, code, readable := "action-successful", 200, origin
		if !allowed {
			want, code, readable = "origin-not-allowed", 403, ""
		}
		a := e.send("POST", "/api/v1/sessions/read", []byte("{}"), append(bearer(token), "Content-Type", "application/json", "Origin", origin)...)
		if a.status() != want || a.code != code || a.header.Get("Access-Control-Allow-Origin") != readable {
			t.Errorf("%q: %s %v", origin, a.text, a.header)
		}
		preflight := e.send("OPTIONS", "/api/v1/sessions/read", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
		if preflight.code != 204 || preflight.header.Get("Access-Control-Allow-Origin") != readable {
			t.Errorf("the preflight of %q: %d %v", origin, preflight.code, preflight.header)
		}
	}
	two := e.send("POST", "/api/v1/sessions/read", []byte("{}"), append(bearer(token), "Content-Type", "application/json", "Origin", "https://auth.example", "Origin", "null")...)
	if two.status() != "origin-not-allowed" {
		t.Errorf("two origins: %s", two.text)
	}
	for _, page := range []string{"/", "/health/ready", "/openapi.json"} {
		if a := e.send("GET", page, nil, "Origin", "https://evil.example"); a.code != 200 {
			t.Errorf("%s is %d for a page of another origin", page, a.code)
		}
	}
}

// TestForeignPagesCountForNothing: a page that a user visits cannot use up the limits of the user's address.
func TestForeignPagesCountForNothing(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottlePasswords, s.ThrottleAddress = []int{3}, 20 }))
	email := e.user(person{client: true})
	e.signIn(email)
	body := b64(`{"email":"` + email + `","password":"wrong","application":"planoorder"}`)
	e.counted.take()
	for range 31 {
		if a := e.send("POST", "/api/v1/sessions/create", body, "Content-Type", "text/plain;charset=UTF-8", "Origin", "https://evil.example"); a.status() != "origin-not-allowed" {
			t.Fatal(a.text)
		}
	}
	if asked := e.counted.take(); len(asked) > 0 {
		t.Errorf("the database was asked %v", asked)
	}
	e.signIn(email)
}

// TestRefusedOriginsAreLogged: once a minute each, with the command that allows them where one can.
func TestRefusedOriginsAreLogged(t *testing.T) {
	t.Parallel()
	e := start(t)
	send := func(origin string) {
		e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json", "Origin", origin)
	}
	rows := []struct {
		origin, shown string
		command       bool
	}{
		{"https://shop.example", "https://shop.example", true},
		{"http://localhost:3000", "http://localhost:3000", true},
		{"http://[::1]:3000", "http://[::1]:3000", true},
		{"http://shop.example", "http://shop.example", false}, // never allowed without TLS
		{"null", "null", false},
		{"https://x;reboot", "https://x;reboot", false},
		{"https://$(reboot).example", "https://$(reboot).example", false},
		{"https://" + strings.Repeat("a", 300) + ".example", "https://" + strings.Repeat("a", 248), false},
	}
	for _, row := range rows {
		for range 3 {
			send(row.origin)
		}
		lines := 0
		for line := range strings.Lines(e.logs.String()) {
			if !strings.Contains(line, `"origin":"`+row.shown+`"`) {
				continue
			}
			lines++
			if strings.Contains(line, "planoauth application set SLUG --add-redirect-origin "+row.origin+`"`) != row.command || !strings.Contains(line, `"operation":"sessionsRead"`) {
				t.Errorf("the line says %s", line)
			}
		}
		if lines != 1 {
			t.Errorf("%s is logged %d times", row.origin, lines)
		}
	}
}

// TestRefusedPreflightsAreLogged, since nothing else comes from a page that its browser does not let call.
func TestRefusedPreflightsAreLogged(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, origin := range []string{"https://auth.example", "https://shop.example", "https://shop.example"} {
		e.send("OPTIONS", "/api/v1/users/read", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
	}
	const command = "planoauth application set SLUG --add-redirect-origin "
	if log := e.logs.String(); strings.Count(log, command) != 1 || !strings.Contains(log, command+"https://shop.example") {
		t.Errorf("the log has %s", log)
	}
}

// inDevelopment is an embedded run on a loopback address: pages of this machine may call.
func inDevelopment(s *impl.Settings) { s.Addr, s.Embedded = "127.0.0.1:8080", true }

// TestLoopbackOrigins: in development, pages of products on this machine may call. Elsewhere they may not.
func TestLoopbackOrigins(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, addr, origin, want string
		embedded                 bool
	}{
		{"a product on this machine", "127.0.0.1:8080", "http://localhost:3000", "missing-param", true},
		{"a product at an IPv6 address", "localhost:8080", "http://[::1]:5173", "missing-param", true},
		{"a product elsewhere", "127.0.0.1:8080", "https://evil.example", "origin-not-allowed", true},
		{"a server on all addresses", ":8080", "http://localhost:3000", "origin-not-allowed", true},
		{"a database elsewhere", "127.0.0.1:8080", "http://localhost:3000", "origin-not-allowed", false},
	}
	for _, row := range rows {
		e := start(t, withSettings(func(s *impl.Settings) { s.Addr, s.Embedded = row.addr, row.embedded }))
		a := e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json", "Origin", row.origin)
		if readable := a.header.Get("Access-Control-Allow-Origin"); a.status() != row.want || (readable == row.origin) != (row.want == "missing-param") {
			t.Errorf("%s: %s, readable by %q", row.name, a.text, readable)
		}
	}
}
