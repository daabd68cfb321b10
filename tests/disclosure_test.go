package tests

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/planoauth/planoauth/impl"
)

func opaque(s *impl.Settings) { s.Disclosure = "opaque" }

// TestOpaque compares the answers for known and unknown addresses: body and headers must be the same.
func TestOpaque(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, method, path, body, want string }{
		{"signing in", "POST", "/api/v1/sessions/create", `{"email":"%s","password":"wrong","application":"planoorder"}`, "invalid-password"},
		{"a magic link", "POST", "/api/v1/sessions/magic_link_request", `{"email":"%s","application":"planoorder"}`, "action-successful"},
		{"a reset link", "POST", "/api/v1/users/password_reset_request", `{"email":"%s","application":"planoorder"}`, "action-successful"},
	}
	for _, row := range rows {
		for _, mode := range []string{"", "down", "rejected"} {
			if row.want == "invalid-password" && mode != "" {
				continue // it sends no mail
			}
			t.Run(row.name+", Mandrill "+mode, func(t *testing.T) {
				t.Parallel()
				e := start(t, withSQL(orderSQL), withSettings(opaque))
				e.mandrill.be(mode)
				known, bare := e.user(person{client: true}), e.user(person{noPassword: true})
				var first answer
				for i, email := range []string{known, bare, "nobody@example.com"} {
					body, contentType := []byte(fmt.Sprintf(row.body, email)), "application/json"
					if row.path == "/api/v1/sessions/create" {
						body, contentType = b64(string(body)), "text/plain"
					}
					a := e.send(row.method, row.path, body, "Content-Type", contentType)
					if a.status() != row.want {
						t.Fatalf("for %s the answer is %s", email, a.text)
					}
					for _, header := range []string{"Date", "X-Request-Id"} {
						a.header.Del(header)
					}
					delete(a.body, "request_id")
					if i == 0 {
						first = a
					}
					if !maps.EqualFunc(a.header, first.header, slices.Equal) || fmt.Sprint(a.body) != fmt.Sprint(first.body) {
						t.Errorf("for %s the answer is %v %v, not %v %v", email, a.header, a.body, first.header, first.body)
					}
				}
				if row.want == "action-successful" && mode == "" {
					e.within(busyLimit, "both users are mailed to", func() bool { return len(e.mandrill.mails()) == 2 })
				}
				if e.count("mails WHERE to_email = 'nobody@example.com'") != 0 || e.count("notifications WHERE kind = 'mandrill-email-failed'") != 0 {
					t.Error("a mail went to an unknown address, or was sent in the request")
				}
			})
		}
	}
}

// TestOpaqueLinksWork: links that are made in the background work.
func TestOpaqueLinksWork(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL), withSettings(opaque))
	email := e.user(person{client: true})
	if slug := e.requestFrom(email, "203.0.113.1"); slug != "action-successful" {
		t.Fatal(slug)
	}
	e.within(busyLimit, "the link is mailed", func() bool { return len(e.mandrill.mails()) == 1 })
	a := e.send("POST", "/api/v1/sessions/magic_link_create", b64(`{"magic_token":"`+e.mailedLink("magic", email)+`"}`), "Content-Type", "text/plain")
	if a.status() != "action-successful" {
		t.Errorf("the link is %s", a.text)
	}
}

// TestTimeOfLinkRequestsLong runs alone. In opaque mode a link request takes as long for a known address as
// for an unknown one: in pairs of requests, either is the slower one about as often. Precise mode does have a
// difference, and so shows that the test would find one.
func TestTimeOfLinkRequestsLong(t *testing.T) {
	const pairs = 1000
	slower := func(change func(*impl.Settings)) float64 {
		e := start(t, withSQL(orderSQL), withSettings(change))
		known := e.user(person{client: true})
		took := func(email string) time.Duration {
			began := time.Now()
			e.requestFrom(email, "203.0.113.1")
			return time.Since(began)
		}
		for range 20 {
			took(known)
			took("nobody@example.com")
		}
		n := 0
		for i := range pairs {
			var here, nobody time.Duration
			if i%2 == 0 {
				here, nobody = took(known), took("nobody@example.com")
			} else {
				nobody, here = took("nobody@example.com"), took(known)
			}
			if here > nobody {
				n++
			}
		}
		return float64(n) / pairs
	}
	// The spread of a fair coin over 1000 pairs is 0.016.
	hidden, shown := slower(opaque), slower(func(*impl.Settings) {})
	fmt.Printf("timing: a link request for a user is the slower one of a pair in %.0f %% of pairs, in precise mode %.0f %%\n", 100*hidden, 100*shown)
	if hidden < 0.4 || hidden > 0.6 {
		t.Errorf("in opaque mode a request for a user is slower in %.2f of all pairs", hidden)
	}
	if shown < 0.9 {
		t.Errorf("the test finds no difference where there is one: %.2f", shown)
	}
}
