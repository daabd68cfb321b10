package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

func TestUsersPasswordUpdate(t *testing.T) {
	t.Parallel()
	const newPassword = "nanoseconds on a wire"
	rows := []struct {
		name              string
		person            person
		password, current string
		later             time.Duration
		want, errors      string
	}{
		{"a change", person{client: true}, newPassword, goodPassword, 0, "action-successful", ""},
		{"a change by an old session", person{client: true}, newPassword, goodPassword, 70 * time.Hour, "action-successful", ""},
		{"a change by a user without a record", person{}, newPassword, goodPassword, 0, "action-successful", ""},
		{"without the current password", person{client: true}, newPassword, "", 0, "missing-param", "current_password required"},
		{"with a wrong one", person{client: true}, newPassword, "wrong", 0, "invalid-password", ""},
		{"a wrong one comes before a bad new one", person{client: true}, "short", "wrong", 0, "invalid-password", ""},
		{"a short password", person{client: true}, "x9!kQ2z", goodPassword, 0, "password-rejected", "password minLength"},
		{"a common password", person{client: true}, "password1", goodPassword, 0, "password-rejected", "password guessable"},
		{"a password of the user's own words", person{client: true, email: "kowqzrtvbn@example.com"}, "kowqzrtvbn1", goodPassword, 0, "password-rejected", "password own_words"},
		{"a first password", person{client: true, noPassword: true}, newPassword, "", 15*time.Minute - time.Second, "action-successful", ""},
		{"a first password too late", person{client: true, noPassword: true}, newPassword, "", 15 * time.Minute, "invalid-param", "password recent_sign_in"},
		{"a current password that is none", person{client: true, noPassword: true}, newPassword, "wrong", 0, "invalid-param", "current_password allowed"},
		{"a bad first password", person{client: true, noPassword: true}, "short", "", 0, "password-rejected", "password minLength"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			email := e.user(row.person)
			e.exec("UPDATE users SET email_verified_at = now()") // or it gets no notices
			token, other := e.session(email, "planoorder"), e.session(email, "planoorder")
			e.exec("DELETE FROM users WHERE email <> $1", email)
			if row.later > 0 {
				var made time.Time
				check(t, e.pool.QueryRow(t.Context(), "SELECT min(created_at) FROM sessions").Scan(&made))
				e.clock.stop(made.Add(row.later))
			}
			outcome, err := e.api.UsersPasswordUpdate(t.Context(), client.UsersPasswordUpdateParams{Password: row.password, CurrentPassword: row.current}, client.WithToken(token))
			check(t, err)
			var got string
			switch outcome := outcome.(type) {
			case client.MissingParam:
				got = errorsOf(outcome.Errors)
			case client.InvalidParam:
				got = errorsOf(outcome.Errors)
			case client.PasswordRejected:
				got = errorsOf(outcome.Errors)
			case client.UsersPasswordUpdateActionSuccessful:
				if outcome.Data.Email != email || !outcome.Data.HasPassword {
					t.Errorf("the user is %+v", outcome.Data)
				}
			}
			if outcome.Slug() != row.want || got != row.errors {
				t.Errorf("want %s (%s), have %s (%s)", row.want, row.errors, outcome.Slug(), got)
			}
			made := row.want == "action-successful"
			want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token)))(t)
			others, err := e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(other))
			check(t, err)
			if made != (others.Slug() == "invalid-token") || made != (e.count("mails WHERE kind = 'password_set'") == 1) {
				t.Errorf("of the other session comes %s, and %d mails", others.Slug(), e.count("mails"))
			}
			signIn, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: newPassword, Application: "planoorder"})
			check(t, err)
			if in := signIn.Slug() == "action-successful" || signIn.Slug() == "client-required"; in != made {
				t.Errorf("with the new password signing in is %s", signIn.Slug())
			}
		})
	}
}

func TestUsersPasswordReset(t *testing.T) {
	t.Parallel()
	const newPassword = "nanoseconds on a wire"
	rows := []struct {
		name         string
		person       person
		password     string
		later        time.Duration
		change       string
		want, errors string
		links        int // left, of the reset and the magic link that there are
	}{
		{"a client", person{client: true}, newPassword, 0, "", "action-successful", "", 0},
		{"a user without a record", person{}, newPassword, 0, "", "action-successful", "", 0},
		{"a user without a role", person{employee: true}, newPassword, 0, "", "action-successful", "", 0},
		{"a user without a password", person{client: true, noPassword: true}, newPassword, 0, "", "action-successful", "", 0},
		{"just before an hour", person{client: true}, newPassword, time.Hour - time.Second, "", "action-successful", "", 0},
		{"after an hour", person{client: true}, newPassword, time.Hour, "", "reset-link-expired", "", 2},
		{"too old a link comes before a bad password", person{client: true}, "short", time.Hour, "", "reset-link-expired", "", 2},
		{"a refused password leaves the link usable", person{client: true}, "password1", 0, "", "password-rejected", "password guessable", 2},
		{"another kind of link", person{client: true}, newPassword, 0, "UPDATE links SET kind = 'verification' WHERE kind = 'reset'", "invalid-reset-link", "", 2},
		{"a user who was deleted", person{client: true}, newPassword, 0, "DELETE FROM users", "invalid-reset-link", "", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL))
			email := e.user(row.person)
			session := e.session(email, "planoorder")
			e.exec("DELETE FROM users WHERE email <> $1", email)
			e.magicLink(email, "planoorder")
			token := e.resetLink(email)
			if row.change != "" {
				e.exec(row.change)
			}
			if row.later > 0 {
				var made time.Time
				check(t, e.pool.QueryRow(t.Context(), "SELECT created_at FROM links WHERE kind = 'reset'").Scan(&made))
				e.clock.stop(made.Add(row.later))
			}
			before := e.count("sessions")
			outcome, err := e.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{ResetToken: token, Password: row.password})
			check(t, err)
			got := ""
			rejected, refused := outcome.(client.PasswordRejected)
			if refused {
				got = errorsOf(rejected.Errors)
			}
			if outcome.Slug() != row.want || got != row.errors {
				t.Errorf("want %s (%s), have %s (%s)", row.want, row.errors, outcome.Slug(), got)
			}
			made := row.want == "action-successful"
			if n := e.count("sessions"); made && n != 0 || !made && n != before {
				t.Errorf("%d sessions are left", n)
			}
			if e.count("links") != row.links || made != (e.count("mails WHERE kind = 'password_set'") == 1) || made != (e.count("users WHERE email_verified_at IS NOT NULL") == 1) {
				t.Errorf("%d links are left", e.count("links"))
			}
			if refused {
				want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{ResetToken: token, Password: newPassword}))(t)
			}
			if made {
				want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(session)))(t)
				want[client.InvalidPassword](e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}))(t)
			}
		})
	}
}

// TestPasswordsAreNotLogged searches all that the server writes for passwords.
func TestPasswordsAreNotLogged(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL))
	email := e.user(person{client: true})
	token := e.signIn(email)
	want[client.UsersPasswordUpdateActionSuccessful](e.api.UsersPasswordUpdate(t.Context(), client.UsersPasswordUpdateParams{Password: "nanoseconds on a wire", CurrentPassword: goodPassword}, client.WithToken(token)))(t)
	want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{ResetToken: e.resetLink(email), Password: "the compiler is my friend"}))(t)
	for _, secret := range []string{"nanoseconds", "compiler", "analytical", "plas_", "plal_"} {
		if strings.Contains(e.logs.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}
