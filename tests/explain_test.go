package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// explained is what people/explain has said, with its steps as "application throttle !user".
type explained struct{ outcome, steps string }

func (e *env) explain(email, application, token string) explained {
	e.t.Helper()
	data := want[client.PeopleExplainActionSuccessful](e.api.PeopleExplain(e.t.Context(),
		client.PeopleExplainParams{Email: email, Application: application}, client.WithToken(token)))(e.t).Data
	var steps []string
	for _, step := range data.Steps {
		name := string(step.Step)
		if !step.Passed {
			name = "!" + name
		}
		if step.Message == "" {
			e.t.Errorf("the step %s has no message", name)
		}
		steps = append(steps, name)
	}
	return explained{string(data.Outcome), strings.Join(steps, " ")}
}

// TestPeopleExplain compares what people/explain says with what signing in answers, for users in every state.
func TestPeopleExplain(t *testing.T) {
	t.Parallel()
	const upToPassword, all = "application throttle user password", "application throttle user password record role suspended"
	rows := []struct {
		name   string
		person person
		change string // by SQL, with the id as $1
		app    string
		want   explained
	}{
		{"a client", person{client: true}, "", "planoorder", explained{"action-successful", all}},
		{"a client in an address of upper case", person{email: "Ada.Upper@Example.com", client: true}, "", "planoorder", explained{"action-successful", all}},
		{"an employee", person{employee: true}, "", "planoauth", explained{"action-successful", all}},
		{"a liaison", person{liaison: true}, "", "planoauth", explained{"action-successful", all}},
		{"an admin", person{access: "admin"}, "", "planoauth", explained{"action-successful", all}},
		{"a user whose address is not verified", person{client: true}, "UPDATE users SET email_verified_at = NULL WHERE id = $1", "planoorder", explained{"action-successful", all}},
		{"a user with remember_me", person{client: true, rememberMe: true}, "", "planoorder", explained{"action-successful", all}},
		{"an employee in a product", person{employee: true}, "", "planoorder", explained{"user-requires-role", upToPassword + " record !role"}},
		{"a liaison in a product", person{liaison: true}, "", "planoorder", explained{"user-requires-role", upToPassword + " record !role"}},
		{"an inactive client", person{client: true, inactive: true}, "", "planoorder", explained{"user-requires-role", upToPassword + " record !role"}},
		{"an inactive employee", person{employee: true, inactive: true}, "", "planoauth", explained{"user-requires-role", upToPassword + " record !role"}},
		{"an inactive client who is an employee", person{client: true, employee: true}, "UPDATE clients SET active = false WHERE user_id = $1", "planoauth", explained{"action-successful", all}},
		{"a user without a record", person{}, "", "planoorder", explained{"client-required", upToPassword + " !record"}},
		{"a user without a record in planoauth", person{}, "", "planoauth", explained{"client-required", upToPassword + " !record"}},
		{"a user without a password", person{client: true, noPassword: true}, "", "planoorder", explained{"user-has-no-password", "application throttle user !password"}},
		{"a user with a blank hash", person{client: true}, "UPDATE users SET password_hash = ' ' WHERE id = $1", "planoorder", explained{"user-has-no-password", "application throttle user !password"}},
		{"a suspended client", person{client: true}, "UPDATE users SET suspended = true WHERE id = $1", "planoorder", explained{"user-suspended", upToPassword + " record role !suspended"}},
		{"a suspended client without a role", person{client: true, inactive: true}, "UPDATE users SET suspended = true WHERE id = $1", "planoorder", explained{"user-requires-role", upToPassword + " record !role"}},
		{"a suspended user without a record", person{}, "UPDATE users SET suspended = true WHERE id = $1", "planoorder", explained{"user-suspended", upToPassword + " record role !suspended"}},
		{"a suspended user without a password", person{client: true, noPassword: true}, "UPDATE users SET suspended = true WHERE id = $1", "planoorder", explained{"user-has-no-password", "application throttle user !password"}},
		{"nobody", person{}, "DELETE FROM users WHERE id = $1", "planoorder", explained{"email-not-found", "application throttle !user"}},
		{"nobody in planoauth", person{}, "DELETE FROM users WHERE id = $1", "planoauth", explained{"email-not-found", "application throttle !user"}},
	}
	for _, disclosure := range []string{"precise", "opaque"} {
		t.Run(disclosure, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSettings(behindProxy), withSettings(func(s *impl.Settings) { s.Disclosure, s.ThrottlePasswords = disclosure, []int{2, 4} }))
			token := e.employee("viewer")
			networks := 0
			compare := func(name, email, app string, want explained) {
				t.Helper()
				attempts := e.count("tries")
				if got := e.explain(email, app, token); got != want {
					t.Errorf("%s: want %v, have %v", name, want, got)
				}
				if e.count("tries") != attempts {
					t.Errorf("%s: explaining counts as an attempt", name)
				}
				networks++
				outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: app},
					from(fmt.Sprintf("203.0.113.%d", networks)))
				check(t, err)
				real := outcome.Slug()
				if disclosure == "opaque" && (want.outcome == "email-not-found" || want.outcome == "user-has-no-password") && real == "invalid-password" {
					return // explaining hides nothing
				}
				if real != want.outcome {
					t.Errorf("%s: it is explained as %s, but signing in is %s", name, want.outcome, real)
				}
			}
			for _, row := range rows {
				email := e.user(row.person)
				if row.change != "" {
					e.exec(row.change, e.userID(email))
				}
				compare(row.name, email, row.app, row.want)
			}
			throttled := explained{"rate-limit-exceeded", "application !throttle"}
			for _, row := range rows {
				row.person.email = ""
				email := e.user(row.person)
				if row.change != "" {
					e.exec(row.change, e.userID(email))
				}
				for i := range 2 {
					e.guess(email, "wrong", "198.51.100.1")
					if i == 1 { // this network has used its own attempts, a new one has not
						compare(row.name+" whom one network has attacked", email, row.app, row.want)
					}
				}
				for i := range 3 {
					e.guess(email, "wrong", fmt.Sprintf("198.51.100.%d", 2+i))
				}
				compare(row.name+" whom many have attacked", email, row.app, throttled)
			}
			home := e.user(person{client: true})
			if slug := e.guess(home, goodPassword, "192.0.2.1"); slug != "action-successful" {
				t.Fatalf("the owner's sign-in is %s", slug)
			}
			for i := range 4 {
				e.guess(home, "wrong", fmt.Sprintf("198.51.100.%d", 1+i))
			}
			compare("a client whose own network is known", home, "planoorder", throttled)
			e.clock.move(time.Hour)
			compare("an hour later", home, "planoorder", explained{"action-successful", all})
			refused := want[client.InvalidParam](e.api.PeopleExplain(t.Context(), client.PeopleExplainParams{Email: home, Application: "planonothing"}, client.WithToken(token)))(t)
			if got := errorsOf(refused.Errors); got != "application exists" {
				t.Errorf("an unknown application is %s", got)
			}
		})
	}
}
