package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

func TestUsersEmailVerificationRequest(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name         string
		person       person
		redirect     string
		change       string // by SQL, before the request
		mandrill     string
		want, errors string
		links, mails int // made, accepted by Mandrill
	}{
		{"a client", person{client: true}, "", "", "", "action-successful", "", 1, 1},
		{"a client with a redirect", person{client: true}, "https://order.example/a?b=c", "", "", "action-successful", "", 1, 1},
		{"a user without a record", person{}, "", "", "", "action-successful", "", 1, 1},
		{"an employee in a product", person{client: true, employee: true}, "", "", "", "action-successful", "", 1, 1},
		{"a verified address", person{client: true}, "", "UPDATE users SET email_verified_at = now()", "", "email-already-verified", "", 0, 0},
		{"a redirect to elsewhere", person{client: true}, "https://evil.example/", "", "", "invalid-param", "redirect_url allowed", 0, 0},
		{"Mandrill is down", person{client: true}, "", "", "down", "mandrill-email-failed", "", 1, 0},
		{"Mandrill rejects the address", person{client: true}, "", "", "rejected", "mandrill-email-failed", "", 1, 0},
	}
	for _, row := range rows {
		for _, disclosure := range []string{"precise", "opaque"} {
			t.Run(row.name+", "+disclosure, func(t *testing.T) {
				t.Parallel()
				e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) { s.Disclosure = disclosure }))
				email := e.user(row.person)
				token := e.signIn(email)
				if row.change != "" {
					e.exec(row.change)
				}
				e.mandrill.be(row.mandrill)
				outcome, err := e.api.UsersEmailVerificationRequest(t.Context(), client.UsersEmailVerificationRequestParams{RedirectURL: row.redirect}, client.WithToken(token))
				check(t, err)
				if outcome.Slug() != row.want {
					t.Errorf("want %s, have %#v", row.want, outcome)
				}
				if refused, ok := outcome.(client.InvalidParam); ok && errorsOf(refused.Errors) != row.errors {
					t.Errorf("the errors are %s", errorsOf(refused.Errors))
				}
				if e.count("links WHERE kind = 'verification' AND redirect_url = $1", row.redirect) != row.links || e.count("links") != row.links {
					t.Errorf("there are %d links", e.count("links"))
				}
				if n := len(e.mandrill.mails()); n != row.mails || e.count("mails WHERE kind = 'verification'") != row.links {
					t.Errorf("%d mails were accepted, %d made", n, e.count("mails"))
				}
				if row.mails == 0 {
					return
				}
				link := e.mailedLink("verify", email)
				if page := e.page("GET", "verification", link); page.code != 200 || row.redirect != "" && !strings.Contains(page.text, row.redirect) {
					t.Errorf("the page of the link: %d %s", page.code, page.text)
				}
				want[client.UsersEmailVerifyActionSuccessful](e.api.UsersEmailVerify(t.Context(), client.UsersEmailVerifyParams{VerificationToken: link}, client.WithToken(token)))(t)
			})
		}
	}
}

// TestVerificationRequestsAreLimited: like requests of other links, and a verified address uses nothing up.
func TestVerificationRequestsAreLimited(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleLinks = []int{3, 10} }))
	e.clock.stop(time.Now())
	token := client.WithToken(e.signIn(e.user(person{client: true})))
	request := func() string {
		outcome, err := e.api.UsersEmailVerificationRequest(t.Context(), client.UsersEmailVerificationRequestParams{}, token)
		check(t, err)
		e.clock.stop(e.clock.now().Add(time.Second))
		return outcome.Slug()
	}
	e.exec("UPDATE users SET email_verified_at = now()")
	for range 4 {
		if slug := request(); slug != "email-already-verified" {
			t.Errorf("with a verified address it is %s", slug)
		}
	}
	e.exec("UPDATE users SET email_verified_at = NULL")
	for range 3 {
		if slug := request(); slug != "action-successful" {
			t.Errorf("within the limit it is %s", slug)
		}
	}
	if slug := request(); slug != "rate-limit-exceeded" {
		t.Errorf("over the limit it is %s", slug)
	}
	if mails := e.count("mails WHERE kind = 'verification'"); mails != 3 {
		t.Errorf("%d mails were made", mails)
	}
	e.clock.stop(e.clock.now().Add(10 * time.Minute))
	if slug := request(); slug != "action-successful" {
		t.Errorf("10 minutes later it is %s", slug)
	}
}

// TestVerificationRequestOfASignedOutSession makes nothing.
func TestVerificationRequestOfASignedOutSession(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(t.Context(), client.SessionsDeleteParams{}, client.WithToken(token)))(t)
	want[client.InvalidToken](e.api.UsersEmailVerificationRequest(t.Context(), client.UsersEmailVerificationRequestParams{}, client.WithToken(token)))(t)
	if e.count("links")+e.count("mails") != 0 {
		t.Error("a link was made")
	}
}
