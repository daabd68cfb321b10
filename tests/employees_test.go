package tests

import (
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// TestEmployeesChangeTheirAccountInPlanoAuth: a session of a product changes nothing by which an employee signs
// in, however it came into strange hands.
func TestEmployeesChangeTheirAccountInPlanoAuth(t *testing.T) {
	t.Parallel()
	const newPassword = "nanoseconds on a wire"
	e := start(t)
	both := person{client: true, employee: true}
	update := func(e *env, token client.RequestEditorFn) client.Outcome {
		outcome, err := e.api.UsersPasswordUpdate(e.t.Context(), client.UsersPasswordUpdateParams{Password: newPassword, CurrentPassword: goodPassword}, token)
		check(e.t, err)
		return outcome
	}
	first := func(e *env, token client.RequestEditorFn) client.Outcome {
		outcome, err := e.api.UsersPasswordUpdate(e.t.Context(), client.UsersPasswordUpdateParams{Password: newPassword}, token)
		check(e.t, err)
		return outcome
	}
	remember := func(e *env, token client.RequestEditorFn) client.Outcome {
		outcome, err := e.api.PreferencesUpdate(e.t.Context(), client.PreferencesUpdateParams{RememberMe: true}, token)
		check(e.t, err)
		return outcome
	}
	register := func(application, password string) func(*env, client.RequestEditorFn) client.Outcome {
		return func(e *env, token client.RequestEditorFn) client.Outcome {
			params := client.UsersClientRegisterParams{Application: application}
			params.Client.FirstName, params.Client.LastName, params.Client.Password = "Ada", "Lovelace", password
			outcome, err := e.api.UsersClientRegister(e.t.Context(), params, token)
			check(e.t, err)
			return outcome
		}
	}
	read := func(e *env, token client.RequestEditorFn) client.Outcome {
		outcome, err := e.api.PreferencesRead(e.t.Context(), client.PreferencesReadParams{}, token)
		check(e.t, err)
		return outcome
	}
	rows := []struct {
		name        string
		person      person
		application string
		call        func(*env, client.RequestEditorFn) client.Outcome
		want        string
	}{
		{"an employee changes the password in a product", both, "planoorder", update, "permission-denied"},
		{"an employee changes the password in planoauth", both, "planoauth", update, "action-successful"},
		{"a client changes the password in a product", person{client: true}, "planoorder", update, "action-successful"},
		{"a liaison changes the password in a product", person{client: true, liaison: true}, "planoorder", update, "action-successful"},
		{"an employee sets a first password in a product", person{client: true, employee: true, noPassword: true}, "planoorder", first, "permission-denied"},
		{"an employee sets a first password in planoauth", person{client: true, employee: true, noPassword: true}, "planoauth", first, "action-successful"},
		{"an employee saves remember_me in a product", both, "planoorder", remember, "permission-denied"},
		{"an employee saves remember_me in planoauth", both, "planoauth", remember, "action-successful"},
		{"a client saves remember_me in a product", person{client: true}, "planoorder", remember, "action-successful"},
		{"an employee reads the preferences in a product", both, "planoorder", read, "action-successful"},
		{"an employee registers with a password in a product", person{liaison: true, employee: true, noPassword: true}, "planoorder", register("planoorder", newPassword), "permission-denied"},
		{"an employee registers without a password in a product", person{liaison: true, employee: true}, "planoorder", register("planoorder", ""), "action-successful"},
		{"an employee registers with a password in planoauth", person{employee: true, noPassword: true}, "planoauth", register("planoauth", newPassword), "action-successful"},
	}
	e.exec("UPDATE applications SET admits = '{client,liaison}' WHERE slug = 'planoorder'")
	e.within(busyLimit, "the application admits liaisons", func() bool {
		return e.readAs("", e.session(e.user(person{liaison: true}), "planoorder")) == "action-successful"
	})
	const state = "users WHERE email = $1 AND (remember_me OR coalesce(password_hash, '') <> $2)"
	for _, row := range rows {
		email := e.user(row.person)
		hash := hashInDatabase(e, email)
		token := client.WithToken(e.session(email, row.application))
		if got := row.call(e, token).Slug(); got != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, got)
		}
		if row.want == "permission-denied" && (e.count(state, email, hash) > 0 || e.count("mails WHERE to_email = $1", email) > 0) {
			t.Errorf("%s: something changed all the same", row.name)
		}
	}
	email := e.user(person{client: true, employee: true})
	token := client.WithToken(e.session(email, "planoorder"))
	e.exec("UPDATE employees SET active = false")
	if got := update(e, token).Slug(); got != "permission-denied" {
		t.Errorf("an employee who is not active changes the password in a product: %s", got)
	}
	want[client.InvalidParam](e.api.UsersPasswordUpdate(t.Context(), client.UsersPasswordUpdateParams{Password: newPassword, View: "x"}, token))(t)
}

func hashInDatabase(e *env, email string) (hash string) {
	e.t.Helper()
	check(e.t, e.pool.QueryRow(e.t.Context(), "SELECT coalesce(password_hash, '') FROM users WHERE email = $1", email).Scan(&hash))
	return hash
}

// TestRememberMeIsTold: whoever has stolen a token cannot make it last for ever in silence.
func TestRememberMeIsTold(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	e.exec("UPDATE users SET email_verified_at = now()")
	token := client.WithToken(e.signIn(email))
	for _, row := range []struct {
		save  bool
		mails int // afterwards
	}{{false, 0}, {true, 1}, {true, 1}, {false, 1}, {true, 2}} {
		want[client.PreferencesUpdateActionSuccessful](e.api.PreferencesUpdate(t.Context(), client.PreferencesUpdateParams{RememberMe: row.save}, token))(t)
		if n := e.count("mails WHERE kind = 'remember_me' AND to_email = $1", email); n != row.mails {
			t.Errorf("after saving %t there are %d mails, not %d", row.save, n, row.mails)
		}
	}
}
