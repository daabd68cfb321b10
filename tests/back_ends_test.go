package tests

import (
	"fmt"
	"testing"
	"time"

	"github.com/planoauth/planoauth/impl"
)

// backEnd sends requests of a product's back end, whose users have these addresses.
type backEnd struct {
	e     *env
	token string
}

func (b backEnd) signIn(email, password, address string) answer {
	body := fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder","view":"full"}`, email, password)
	return b.e.send("POST", "/api/v1/sessions/create", b64(body), append(bearer(b.token), "Content-Type", "text/plain",
		"X-Forwarded-For", address, "User-Agent", "Ada's telephone")...)
}

// TestBackEndsNameTheirUsers: the bearer of an application's token says for whom it calls, others do not.
func TestBackEndsNameTheirUsers(t *testing.T) {
	t.Parallel()
	e := start(t)
	email, application := e.user(person{client: true}), e.applicationToken("planoorder")
	signIn := fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder","view":"full"}`, email, goodPassword)
	withParam := fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder","view":"full","token":%q}`, email, goodPassword, application)
	rows := []struct {
		name, body, status, address string
		headers                     []string
	}{
		{"token as bearer", signIn, "action-successful", "203.0.113.7", bearer(application)},
		{"token in the header of its own", signIn, "action-successful", "203.0.113.7", []string{"PlanoAuth-Application", application}},
		{"token as a param", withParam, "action-successful", "203.0.113.7", nil},
		{"application's token beside a user's", signIn, "action-successful", "203.0.113.7", append(bearer(e.signIn(email)), "PlanoAuth-Application", application)},
		{"a user's token alone", signIn, "action-successful", "127.0.0.1", bearer(e.signIn(email))},
		{"no token", signIn, "action-successful", "127.0.0.1", nil},
		{"made-up token", signIn, "invalid-token", "", bearer("plaa_" + application[:56])},
		{"made-up token in the header of its own", signIn, "invalid-token", "", []string{"PlanoAuth-Application", "plaa_" + application[:56]}},
		{"bad token beside a user's good one", signIn, "invalid-token", "", append(bearer(e.signIn(email)), "PlanoAuth-Application", "nonsense")},
		{"empty header", signIn, "invalid-token", "", []string{"PlanoAuth-Application", ""}},
		{"two headers", signIn, "invalid-token", "", []string{"PlanoAuth-Application", application, "PlanoAuth-Application", application}},
		{"a user's token in the application's header", signIn, "invalid-token", "", []string{"PlanoAuth-Application", e.signIn(email)}},
		{"bad token with a bad body", "{", "invalid-encoded-params", "", []string{"PlanoAuth-Application", "nonsense"}},
	}
	for _, row := range rows {
		a := e.send("POST", "/api/v1/sessions/create", b64(row.body), append(row.headers, "Content-Type", "text/plain",
			"X-Forwarded-For", "198.51.100.1, 203.0.113.7", "User-Agent", "Ada's telephone")...)
		data, _ := a.body["data"].(map[string]any)
		if address, _ := data["ip"].(string); a.status() != row.status || address != row.address {
			t.Errorf("%s: want %s from %q, have %s", row.name, row.status, row.address, a.text)
		}
		if device, _ := data["user_agent"].(string); a.code == 200 && device != "Ada's telephone" {
			t.Errorf("%s: the device is %q", row.name, device)
		}
	}
	if a := e.send("POST", "/api/v1/users/read", []byte("{}"), append(bearer(e.signIn(email)), "Content-Type", "application/json", "PlanoAuth-Application", application)...); a.code != 200 {
		t.Errorf("an operation that takes no application's token answers %s", a.text)
	}
}

// TestBackEndsShareNoLimit: each user of a product has limits of their own, whatever back end calls for them.
func TestBackEndsShareNoLimit(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleAddress = 20 }))
	e.clock.stop(time.Now().Truncate(time.Minute).Add(time.Hour))
	order := backEnd{e, e.applicationToken("planoorder")}
	stranger := backEnd{e, "plaa_" + order.token[:56]}
	for i := range 25 {
		a := order.signIn("nobody@example.com", "wrong", "203.0.113.7")
		if (i < 20) != (a.status() == "email-not-found") {
			t.Errorf("the request %d of one user is %s", i, a.text)
		}
	}
	if a := order.signIn("nobody@example.com", "wrong", "203.0.113.8"); a.status() != "email-not-found" {
		t.Errorf("another user of the product gets %s", a.text)
	}
	for i := range 25 {
		a := stranger.signIn("nobody@example.com", "wrong", fmt.Sprintf("203.0.113.%d", 100+i))
		if (i < 20) != (a.status() == "invalid-token") {
			t.Errorf("the request %d with a made-up token is %s", i, a.text)
		}
	}
}

// TestKnownAddressesOfABackEnd: what an application says of addresses means nothing to others.
func TestKnownAddressesOfABackEnd(t *testing.T) {
	t.Parallel()
	const home = "198.51.100.77"
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottlePasswords = []int{1, 1}; behindProxy(s) }))
	email := e.user(person{client: true})
	order, other := backEnd{e, e.applicationToken("planoorder")}, backEnd{e, e.applicationToken("planox2")}
	if a := order.signIn(email, goodPassword, home+", 192.0.2.9"); a.status() != "action-successful" {
		t.Fatal(a.text)
	}
	if slug := e.guess(email, "wrong", "203.0.113.1"); slug != "invalid-password" {
		t.Fatalf("the stranger's guess is %s", slug)
	}
	rows := []struct {
		name, want string
		send       func() string
	}{
		{"a stranger", "rate-limit-exceeded", func() string { return e.guess(email, goodPassword, "203.0.113.1") }},
		{"another application that names the address", "rate-limit-exceeded", func() string { return other.signIn(email, goodPassword, home+", 192.0.2.9").status() }},
		{"a caller without a token from the address", "rate-limit-exceeded", func() string { return e.guess(email, goodPassword, home) }},
		{"the same application from the address", "action-successful", func() string { return order.signIn(email, goodPassword, home+", 192.0.2.9").status() }},
		{"the same application from another address", "rate-limit-exceeded", func() string { return order.signIn(email, goodPassword, "203.0.113.1, 192.0.2.9").status() }},
	}
	for _, row := range rows {
		if slug := row.send(); slug != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, slug)
		}
	}
}
