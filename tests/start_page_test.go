package tests

import (
	"strings"
	"testing"

	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/mailer"
)

// TestStartPage: a development server introduces people to sign in as, and nobody else sees them.
func TestStartPage(t *testing.T) {
	t.Parallel()
	const password = "a password of this installation"
	for _, row := range []struct {
		name, host        string // "" for the server's own
		sends             bool
		sql               string
		mails, who, shows bool // the link to the mails, the person, the password
	}{
		{name: "a development server shows people and their passwords", mails: true, who: true, shows: true},
		{name: "also by another name of the machine", host: "localhost:8080", mails: true, who: true, shows: true},
		{name: "a password that was changed is not shown", sql: "UPDATE users SET password_hash = '$2a$04$x'", mails: true, who: true},
		{name: "a password that was removed is not shown", sql: "UPDATE users SET password_hash = NULL", mails: true, who: true},
		{name: "a person who was deleted is not shown", sql: "DELETE FROM users", mails: true},
		{name: "a person with another address is not shown", sql: "UPDATE users SET email = 'other@example.com'", mails: true},
		{name: "a page of another host sees nobody", host: "evil.example"},
		{name: "a server that sends mails shows nobody", sends: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			people := []admin.FirstPerson{{Email: "first@example.com", FirstName: "<b>Kay", Role: "A `client`.", Password: password, Link: "/account", Label: "Sign in"}}
			options := []func(*options){withSettings(inDevelopment), withSettings(func(s *impl.Settings) { s.FirstPeople = people })}
			if !row.sends {
				options = append(options, withDevMailbox)
			}
			e := start(t, options...)
			e.user(person{email: "first@example.com", password: password, client: true})
			if row.sql != "" {
				e.exec(row.sql)
			}
			host := row.host
			if host == "" {
				host = strings.TrimPrefix(e.url, "http://")
			}
			a := e.getFrom(host, "/", "es")
			have := func(text string) bool { return strings.Contains(a.text, text) }
			if a.code != 200 || have(`href="/dev/mail"`) != row.mails || have("first@example.com") != row.who || have(password) != row.shows || have("<b>Kay") {
				t.Errorf("the page is %d %s", a.code, a.text)
			}
			if !have(`<html lang="en">`) || !have(`href="/docs"`) || !have(`href="/statuses"`) || !have(`href="/console"`) || !have(`href="/health/ready"`) {
				t.Errorf("the page leads nowhere: %s", a.text)
			}
		})
	}
}

func withDevMailbox(o *options) { o.mailer = &mailer.Mailbox{} }

// TestErrorPages: people see a page in their language that leads on. Programs get what they always got.
func TestErrorPages(t *testing.T) {
	t.Parallel()
	e := start(t, withDevMailbox, withSettings(inDevelopment), withSettings(func(s *impl.Settings) {
		s.FirstPeople = []admin.FirstPerson{{Email: "first@example.com"}}
	}))
	own := strings.TrimPrefix(e.url, "http://")
	for _, row := range []struct{ language, title, lang string }{
		{"en", "Page not found", "en"}, {"es-MX", "Página no encontrada", "es"}, {"de", "Page not found", "en"},
	} {
		for _, path := range []string{"/nothing", "/api/v2", "/statuses/nothing", "/dev/mail/1", "/assets/nothing.js"} {
			a := e.getFrom(own, path, row.language)
			if a.code != 404 || !strings.Contains(a.text, "<h1>"+row.title+"</h1>") || !strings.Contains(a.text, `<html lang="`+row.lang+`">`) || !strings.Contains(a.text, `href="/"`) {
				t.Errorf("%s in %s is %d %s", path, row.language, a.code, a.text)
			}
			if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
				t.Errorf("%s has the policy %q", path, policy)
			}
		}
	}
	for _, accept := range []string{"", "*/*", "application/json"} {
		if a := e.send("GET", "/nothing", nil, "Accept", accept); a.code != 404 || a.text != "404 page not found\n" {
			t.Errorf("a program that accepts %q gets %d %s", accept, a.code, a.text)
		}
	}
	if a := e.getFrom(own, "/api/v1/nothing", "en"); a.status() != "route-non-existent" {
		t.Errorf("a browser at an operation gets %s", a.text)
	}
	e.exec("ALTER TABLE users RENAME TO users_away")
	a := e.getFrom(own, "/", "es")
	if a.code != 500 || !strings.Contains(a.text, "<h1>Algo ha fallado</h1>") || !strings.Contains(a.text, a.header.Get("X-Request-Id")) || strings.Contains(a.text, "SQLSTATE") {
		t.Errorf("a page that crashes is %d %s", a.code, a.text)
	}
	if a := e.send("GET", "/", nil); a.status() != "application-crash" {
		t.Errorf("a program gets %s", a.text)
	}
	if e.count("notifications WHERE kind = 'application-crash'") == 0 {
		t.Error("the operators are not notified")
	}
}
