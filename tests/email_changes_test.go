package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

const newEmail = "ada.king@example.com"

func TestUsersEmailChangeRequest(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name         string
		person       person
		email        string // "" for newEmail
		password     string
		app          string
		later        time.Duration // after the sign-in
		mandrill     string
		want, opaque string
		errors       string
		links        int // made, also with opaque answers
		notices      string
	}{
		{"a client", person{client: true}, "", goodPassword, "planoorder", 0, "", "action-successful", "", "", 1, "both"},
		{"a user without a record", person{}, "", goodPassword, "planoorder", 0, "", "action-successful", "", "", 1, "both"},
		{"an address in mixed case", person{client: true}, " Ada.King@Example.com ", goodPassword, "planoorder", 0, "", "action-successful", "", "", 1, "both"},
		{"an old session with the password", person{client: true}, "", goodPassword, "planoorder", time.Hour, "", "action-successful", "", "", 1, "both"},
		{"a user without a password", person{client: true, noPassword: true}, "", "", "planoorder", 14 * time.Minute, "", "action-successful", "", "", 1, "both"},
		{"without a password, later", person{client: true, noPassword: true}, "", "", "planoorder", 15 * time.Minute, "", "invalid-param", "", "email recent_sign_in", 0, ""},
		{"a password that there is not", person{client: true, noPassword: true}, "", goodPassword, "planoorder", 0, "", "invalid-param", "", "current_password allowed", 0, ""},
		{"no password", person{client: true}, "", "", "planoorder", 0, "", "missing-param", "", "current_password required", 0, ""},
		{"a wrong password", person{client: true}, "", "wrong", "planoorder", 0, "", "invalid-password", "", "", 0, ""},
		{"an address that a user has", person{client: true}, "grace@example.com", goodPassword, "planoorder", 0, "", "email-already-registered", "action-successful", "", 0, "opaque"},
		{"a wrong password for an address that a user has", person{client: true}, "grace@example.com", "wrong", "planoorder", 0, "", "invalid-password", "", "", 0, ""},
		{"no address", person{client: true}, "ada.king", goodPassword, "planoorder", 0, "", "invalid-param", "", "email format", 0, ""},
		{"an employee", person{access: "admin"}, "", goodPassword, "planoauth", 0, "", "action-successful", "", "", 1, "both"},
		{"an employee in a product", person{client: true, access: "admin"}, "", goodPassword, "planoorder", 0, "", "permission-denied", "", "", 0, ""},
		{"Mandrill is down", person{client: true}, "", goodPassword, "planoorder", 0, "down", "mandrill-email-failed", "action-successful", "", 1, "both"},
	}
	for _, row := range rows {
		for _, disclosure := range []string{"precise", "opaque"} {
			t.Run(row.name+", "+disclosure, func(t *testing.T) {
				t.Parallel()
				e := start(t, withSettings(func(s *impl.Settings) { s.Disclosure = disclosure }))
				e.user(person{email: "grace@example.com"})
				row.person.email = "ada@example.com"
				token := client.WithToken(e.session(e.user(row.person), row.app))
				e.clock.move(row.later)
				e.mandrill.be(row.mandrill)
				params := client.UsersEmailChangeRequestParams{Email: row.email, CurrentPassword: row.password}
				if params.Email == "" {
					params.Email = newEmail
				}
				outcome, err := e.api.UsersEmailChangeRequest(t.Context(), params, token)
				check(t, err)
				slug := row.want
				if disclosure == "opaque" && row.opaque != "" {
					slug = row.opaque
				}
				errors := ""
				switch refused := outcome.(type) {
				case client.InvalidParam:
					errors = errorsOf(refused.Errors)
				case client.MissingParam:
					errors = errorsOf(refused.Errors)
				}
				if outcome.Slug() != slug || errors != row.errors {
					t.Errorf("want %s, have %#v", slug, outcome)
				}
				e.within(busyLimit, "the job is done", func() bool { return e.count("river_job WHERE kind = 'mail_link' AND state <> 'completed'") == 0 })
				notices := ones(row.notices == "both" || row.notices == disclosure)
				if e.count("links WHERE kind = 'email_change' AND email = $1 AND NOT by_admin", newEmail) != row.links || e.count("links") != row.links {
					t.Errorf("there are %d links", e.count("links"))
				}
				if e.count("mails WHERE kind = 'email_change' AND to_email = $1 AND to_name = ''", newEmail) != row.links ||
					e.count("mails WHERE kind = 'email_change_requested' AND to_email = 'ada@example.com'") != notices || e.count("mails") != row.links+notices {
					t.Errorf("there are %d mails", e.count("mails"))
				}
				if e.count("users WHERE email = 'ada@example.com'") != 1 {
					t.Error("a request alone changed the address")
				}
			})
		}
	}
}

// TestOpaqueEmailChangeRequests: with opaque answers, the request does the same whether or not a user has the address.
func TestOpaqueEmailChangeRequests(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.Disclosure = "opaque" }))
	token, taken := client.WithToken(e.session(e.user(person{client: true}), "planoorder")), e.user(person{client: true})
	do := func(email string) (kinds []string) {
		e.counted.take()
		params := client.UsersEmailChangeRequestParams{Email: email, CurrentPassword: goodPassword}
		want[client.UsersEmailChangeRequestActionSuccessful](e.api.UsersEmailChangeRequest(t.Context(), params, token))(t)
		for _, statement := range e.counted.take() {
			// Now and then the job queue wakes its workers, and a new connection is checked.
			if !strings.HasPrefix(statement, "-- name: pgnotify") && !strings.HasPrefix(statement, "select current_setting") {
				kinds = append(kinds, statement[:min(25, len(statement))])
			}
		}
		return kinds
	}
	do("first@example.com")
	free, other := do(newEmail), do(taken)
	if len(free) < 4 || fmt.Sprint(free) != fmt.Sprint(other) {
		t.Errorf("for an address that nobody has it runs %q, else %q", free, other)
	}
}

// TestEmailChangeRequestsAreLimited: they count for the new address, and wrong passwords for the user's own.
func TestEmailChangeRequestsAreLimited(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleLinks, s.ThrottlePasswords = []int{3, 10}, []int{2, 100} }))
	e.clock.stop(time.Now())
	ada := e.user(person{client: true})
	request := func(token, email, password string) string {
		outcome, err := e.api.UsersEmailChangeRequest(t.Context(), client.UsersEmailChangeRequestParams{Email: email, CurrentPassword: password}, client.WithToken(token))
		check(t, err)
		e.clock.stop(e.clock.now().Add(time.Second))
		return outcome.Slug()
	}
	token, other := e.session(ada, "planoorder"), e.session(e.user(person{client: true}), "planoorder")
	taken := e.user(person{client: true})
	for _, row := range []struct{ token, email, password, want string }{
		{token, newEmail, goodPassword, "action-successful"}, {other, newEmail, goodPassword, "action-successful"},
		{token, newEmail, goodPassword, "action-successful"}, {token, newEmail, goodPassword, "rate-limit-exceeded"},
		{other, newEmail, goodPassword, "rate-limit-exceeded"}, {token, "another@example.com", goodPassword, "action-successful"},
		{token, taken, goodPassword, "email-already-registered"}, {token, taken, goodPassword, "email-already-registered"},
		{token, taken, goodPassword, "email-already-registered"}, {token, taken, goodPassword, "rate-limit-exceeded"},
		{token, "a@example.com", "wrong", "invalid-password"}, {token, "b@example.com", "wrong", "invalid-password"},
		{token, "c@example.com", goodPassword, "rate-limit-exceeded"}, {other, "c@example.com", goodPassword, "action-successful"},
	} {
		if slug := request(row.token, row.email, row.password); slug != row.want {
			t.Errorf("%s with %s: want %s, have %s", row.email, row.password, row.want, slug)
		}
	}
	if slug := e.guess(ada, goodPassword, "192.0.2.1"); slug != "rate-limit-exceeded" {
		t.Errorf("signing in is %s", slug)
	}
	// Each of many addresses is within its limit, but not the user who wants them all.
	grace := e.session(e.user(person{client: true}), "planoorder")
	for i := range 22 {
		slug := request(grace, fmt.Sprintf("stranger%d@example.com", i), goodPassword)
		if want := map[bool]string{true: "action-successful", false: "rate-limit-exceeded"}[i < 20]; slug != want {
			t.Errorf("the address %d: want %s, have %s", i, want, slug)
		}
	}
}

// TestDeletionForgetsTheNewAddress: of a user who has asked for another address, a deletion leaves neither.
func TestDeletionForgetsTheNewAddress(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.Disclosure = "opaque" }))
	ada := e.user(person{email: "ada@example.com", client: true})
	token := client.WithToken(e.session(ada, "planoorder"))
	params := client.UsersEmailChangeRequestParams{Email: newEmail, CurrentPassword: goodPassword}
	want[client.UsersEmailChangeRequestActionSuccessful](e.api.UsersEmailChangeRequest(t.Context(), params, token))(t)
	e.within(busyLimit, "the job has made the link", func() bool { return e.count("links") == 1 })
	if !strings.Contains(e.dump(), newEmail) {
		t.Fatal("nothing has the address")
	}
	want[client.UsersDeleteActionSuccessful](e.api.UsersDelete(t.Context(), client.UsersDeleteParams{CurrentPassword: goodPassword}, token))(t)
	if strings.Contains(e.dump(), newEmail) {
		t.Error("the new address is still there")
	}
}

// undoLink waits for the mail to an old address, and returns the token of its link.
func (e *env) undoLink(email string) string {
	e.t.Helper()
	e.within(busyLimit, "the old address is told", func() bool {
		return e.count("mails WHERE kind = 'email_changed' AND to_email = $1 AND sent_at IS NOT NULL", email) > 0 &&
			e.count("mails WHERE sent_at IS NULL AND failed_at IS NULL") == 0
	})
	return e.mailedLink("email", email)
}

// changeLink requests another address and returns the token that was mailed there.
func (e *env) changeLink(token, email string) string {
	e.t.Helper()
	params := client.UsersEmailChangeRequestParams{Email: email, CurrentPassword: goodPassword}
	want[client.UsersEmailChangeRequestActionSuccessful](e.api.UsersEmailChangeRequest(e.t.Context(), params, client.WithToken(token)))(e.t)
	return e.mailedLink("email", email)
}

// changeEmail uses a link with the token of a session, or "", and returns the slug.
func (e *env) changeEmail(link, token string) string {
	var with []client.RequestEditorFn
	if token != "" {
		with = append(with, client.WithToken(token))
	}
	outcome, err := e.api.UsersEmailChange(e.t.Context(), client.UsersEmailChangeParams{EmailToken: link}, with...)
	if err != nil {
		return err.Error()
	}
	return outcome.Slug()
}

func (e *env) undoChange(link string) string {
	outcome, err := e.api.UsersEmailChangeUndo(e.t.Context(), client.UsersEmailChangeUndoParams{UndoToken: link})
	if err != nil {
		return err.Error()
	}
	return outcome.Slug()
}

func TestUsersEmailChange(t *testing.T) {
	t.Parallel()
	const own, none, other, out = "own", "none", "other", "signed out"
	rows := []struct {
		name    string
		byAdmin bool
		session string
		age     time.Duration
		change  string // by SQL, after the request
		want    string
		left    int // sessions of the user
	}{
		{"with a session", false, own, 0, "", "action-successful", 1},
		{"without one", false, none, 0, "", "invalid-email-change-link", 2},
		{"with another user's", false, other, 0, "", "invalid-email-change-link", 2},
		{"with one that was signed out", false, out, 0, "", "invalid-token", 1},
		{"in the last moment", false, own, time.Hour - time.Minute, "", "action-successful", 1},
		{"after an hour", false, own, time.Hour, "", "email-change-link-expired", 2},
		{"of an administrator, without a session", true, none, 0, "", "action-successful", 0},
		{"of an administrator, with one", true, own, 0, "", "action-successful", 0},
		{"of an administrator, with another user's", true, other, 0, "", "action-successful", 0},
		{"of an administrator, in the last moment", true, none, 24*time.Hour - time.Minute, "", "action-successful", 0},
		{"of an administrator, a day later", true, none, 24 * time.Hour, "", "email-change-link-expired", 2},
		{"the address was registered meanwhile", false, own, 0, "INSERT INTO users (email) VALUES ('Ada.King@example.com')", "email-already-registered", 2},
		{"the link undoes a change", false, own, 0, "UPDATE links SET kind = 'email_change_undo' WHERE kind = 'email_change'", "invalid-email-change-link", 2},
		{"another kind of link", false, own, 0, "UPDATE links SET kind = 'verification' WHERE kind = 'email_change'", "invalid-email-change-link", 2},
		{"a user without a record", false, own, 0, "DELETE FROM clients", "action-successful", 1},
		{"a user who was deleted", true, none, 0, "DELETE FROM users WHERE email = 'ada@example.com'", "invalid-email-change-link", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			ada := e.user(person{email: "ada@example.com", client: true})
			e.exec("UPDATE users SET google_subject = 'ada'")
			stranger := e.session(e.user(person{client: true}), "planoorder")
			tokens := map[string]string{own: e.session(ada, "planoorder"), none: "", other: stranger, out: stranger}
			e.session(ada, "planoauth")
			const of = "sessions WHERE user_id IN (SELECT id FROM users WHERE email IN ('ada@example.com', 'ada.king@example.com'))"
			link := e.emailLink("email_change", ada, newEmail, row.byAdmin, row.age)
			e.link("magic", ada, "", 0)
			if row.change != "" {
				e.exec(row.change)
			}
			if row.session == out {
				tokens[out] = tokens[own]
				e.exec("DELETE FROM sessions WHERE id = (SELECT min(id) FROM " + of + ")")
			}
			if slug := e.changeEmail(link, tokens[row.session]); slug != row.want {
				t.Errorf("want %s, have %s", row.want, slug)
			}
			done := row.want == "action-successful"
			if e.count(of) != row.left || e.count("users WHERE email = $1 AND email_verified_at IS NOT NULL AND google_subject IS NULL", newEmail) != ones(done) {
				t.Errorf("there are %d sessions, or the user is not as expected", e.count(of))
			}
			if e.count("mails WHERE kind = 'email_changed' AND to_email = $1", ada) != ones(done) || e.count("mails") != ones(done) {
				t.Error("the old address is told of a change that was not, or not of one that was")
			}
			if done && (e.count("links WHERE kind <> 'email_change_undo'") != 0 || e.count("links WHERE email = $1 AND NOT email_verified", ada) != 1) {
				t.Error("other links are left, or none undoes the change")
			}
			if slug := e.changeEmail(link, tokens[row.session]); done && slug != "invalid-email-change-link" && slug != "invalid-token" {
				t.Errorf("a second time it is %s", slug)
			}
			if row.session == own && row.left == 1 {
				read := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(tokens[own])))
				if row.change == "" && read(t).Data.User.Email != newEmail {
					t.Error("the session has the old address")
				}
			}
		})
	}
}

// TestEmailChangeByMail goes all the way by the mails, and back.
func TestEmailChangeByMail(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL))
	ada := e.user(person{email: "ada@example.com", client: true})
	e.exec("UPDATE users SET email_verified_at = now()")
	token := e.session(ada, "planoorder")
	if slug := e.changeEmail(e.changeLink(token, newEmail), token); slug != "action-successful" {
		t.Fatal(slug)
	}
	undo := e.undoLink(ada)
	if page := e.page("GET", "email_change_undo", undo); page.code != 200 || !strings.Contains(page.text, ada) || strings.Contains(page.text, newEmail) {
		t.Errorf("the page is %s", page.text)
	}
	if slug := e.guess(newEmail, goodPassword, "192.0.2.1"); slug != "action-successful" {
		t.Errorf("signing in with the new address is %s", slug)
	}
	if slug := e.undoChange(undo); slug != "action-successful" {
		t.Fatal(slug)
	}
	if e.count("users WHERE email = $1 AND email_verified_at IS NOT NULL", ada) != 1 || e.count("sessions") != 0 || e.count("links") != 0 {
		t.Error("the old address is not back, or sessions or links are left")
	}
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token)))(t)
	if slug := e.undoChange(undo); slug != "invalid-email-change-link" {
		t.Errorf("a second time it is %s", slug)
	}
}

func TestUsersEmailChangeUndo(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		age    time.Duration
		change string
		want   string
	}{
		{"at once", 0, "", "action-successful"},
		{"an address that was not verified before", 0, "UPDATE links SET email_verified = false", "action-successful"},
		{"in the last moment", 72*time.Hour - time.Minute, "", "action-successful"},
		{"after 72 hours", 72 * time.Hour, "", "email-change-link-expired"},
		{"the old address was registered meanwhile", 0, "INSERT INTO users (email) VALUES ('ada@example.com')", "email-already-registered"},
		{"another kind of link", 0, "UPDATE links SET kind = 'verification', by_admin = true WHERE kind = 'email_change_undo'", "invalid-email-change-link"},
		{"a user who was deleted", 0, "DELETE FROM users", "invalid-email-change-link"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			email := e.user(person{email: newEmail, client: true})
			e.exec("UPDATE users SET google_subject = 'mallory', email_verified_at = now()")
			token := e.session(email, "planoorder")
			link := e.emailLink("email_change_undo", email, "ada@example.com", false, row.age)
			e.exec("UPDATE links SET email_verified = true")
			e.emailLink("email_change", email, "mallory@example.com", true, 0)
			if row.change != "" {
				e.exec(row.change)
			}
			if slug := e.undoChange(link); slug != row.want {
				t.Errorf("want %s, have %s", row.want, slug)
			}
			done := row.want == "action-successful"
			verified := row.change == ""
			if done != (e.count("users WHERE email = 'ada@example.com' AND google_subject IS NULL AND (email_verified_at IS NOT NULL) = $1", verified) == 1 && row.want != "email-already-registered") {
				t.Error("the user is not as expected")
			}
			if done && e.count("links")+e.count("sessions WHERE user_id = (SELECT id FROM users WHERE email = 'ada@example.com')") != 0 {
				t.Error("sessions or links are left")
			}
			if slug := e.readAs("", token); done != (slug == "invalid-token") && row.change != "DELETE FROM users" {
				t.Errorf("the session is %s", slug)
			}
		})
	}
}

// TestUndoLinksStay: whoever has changed an address cannot end the link that undoes it, neither by a new password nor
// by further changes, nor by undoing one of these.
func TestUndoLinksStay(t *testing.T) {
	t.Parallel()
	e := start(t)
	ada := e.user(person{email: "ada@example.com", client: true})
	token := e.session(ada, "planoorder")
	change := func(to string) {
		t.Helper()
		if slug := e.changeEmail(e.changeLink(token, to), token); slug != "action-successful" {
			t.Fatal(slug)
		}
	}
	change("mallory0@example.com")
	owners := e.undoLink(ada)
	want[client.UsersPasswordUpdateActionSuccessful](e.api.UsersPasswordUpdate(t.Context(),
		client.UsersPasswordUpdateParams{Password: "nanoseconds on a wire", CurrentPassword: goodPassword}, client.WithToken(token)))(t)
	want[client.UsersPasswordUpdateActionSuccessful](e.api.UsersPasswordUpdate(t.Context(),
		client.UsersPasswordUpdateParams{Password: goodPassword, CurrentPassword: "nanoseconds on a wire"}, client.WithToken(token)))(t)
	for i := range 4 {
		change(fmt.Sprintf("mallory%d@example.com", i+1))
	}
	mallorys, latest := e.undoLink("mallory0@example.com"), e.undoLink("mallory3@example.com")
	if slug := e.undoChange(latest); slug != "action-successful" {
		t.Errorf("undoing the last change is %s", slug)
	}
	if slug := e.undoChange(owners); slug != "action-successful" || e.count("users WHERE email = $1", ada) != 1 {
		t.Errorf("undoing the first change is %s", slug)
	}
	if slug := e.undoChange(mallorys); slug != "invalid-email-change-link" || e.count("links") != 0 {
		t.Errorf("undoing a later one afterwards is %s", slug)
	}
}

// TestAdministratorsEndUndoLinks: after a change that an administrator has made, earlier ones cannot be undone.
func TestAdministratorsEndUndoLinks(t *testing.T) {
	t.Parallel()
	e := start(t)
	ada := e.user(person{email: "ada@example.com", client: true})
	earlier := e.emailLink("email_change_undo", ada, "mallory@example.com", false, 0)
	if slug := e.changeEmail(e.emailLink("email_change", ada, newEmail, true, 0), ""); slug != "action-successful" {
		t.Fatal(slug)
	}
	if slug := e.undoChange(earlier); slug != "invalid-email-change-link" || e.count("links") != 1 {
		t.Errorf("undoing an earlier change is %s", slug)
	}
}

// TestEmailChangeRaces: a link works once, and an address gets one user.
func TestEmailChangeRaces(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		want map[string]int
		do   func(e *env, i int, links, tokens []string) string
	}{
		{"one link", map[string]int{"action-successful": 1, "invalid-email-change-link": 9}, func(e *env, _ int, links, tokens []string) string {
			return e.changeEmail(links[0], tokens[0])
		}},
		{"one address for ten users", map[string]int{"action-successful": 1, "email-already-registered": 9}, func(e *env, i int, links, tokens []string) string {
			return e.changeEmail(links[i], tokens[i])
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			var links, tokens []string
			for range 10 {
				email := e.user(person{client: true})
				links, tokens = append(links, e.emailLink("email_change", email, newEmail, false, 0)), append(tokens, e.session(email, "planoorder"))
			}
			seen := slugsAtOnce(10, func(i int) string { return row.do(e, i, links, tokens) })
			if fmt.Sprint(seen) != fmt.Sprint(row.want) || e.count("users WHERE email = $1", newEmail) != 1 || e.count("mails") != 1 {
				t.Errorf("the outcomes are %v", seen)
			}
		})
	}
}

func TestPeopleEmailUpdate(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		access   string
		email    string
		mandrill string
		oneself  bool
		unknown  bool
		want     string
	}{
		{"an administrator", "admin", newEmail, "", false, false, "action-successful"},
		{"support", "support", newEmail, "", false, false, "permission-denied"},
		{"oneself", "admin", newEmail, "", true, false, "invalid-param"},
		{"nobody", "admin", newEmail, "", false, true, "invalid-param"},
		{"an address that a user has", "admin", "GRACE@example.com", "", false, false, "email-already-registered"},
		{"Mandrill is down", "admin", newEmail, "down", false, false, "mandrill-email-failed"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			e.user(person{email: "grace@example.com"})
			ada, admin := e.user(person{email: "ada@example.com", client: true}), e.user(person{access: row.access})
			id := e.userID(ada)
			if row.oneself {
				id = e.userID(admin)
			}
			if row.unknown {
				id = 77
			}
			e.mandrill.be(row.mandrill)
			outcome, err := e.api.PeopleEmailUpdate(t.Context(), client.PeopleEmailUpdateParams{ID: id, Email: row.email}, client.WithToken(e.session(admin, "planoauth")))
			check(t, err)
			made := ones(row.want == "action-successful" || row.want == "mandrill-email-failed")
			if outcome.Slug() != row.want || e.count("links WHERE by_admin AND email = $1", newEmail) != made ||
				e.count("mails WHERE kind = 'email_change_requested' AND to_email = $1", ada) != made || e.count("mails") != 2*made ||
				e.count("audit_events WHERE operation = 'peopleEmailUpdate' AND subject_id = $1 AND status = 'action-successful'", id) != made {
				t.Errorf("want %s, have %#v", row.want, outcome)
			}
			switch outcome := outcome.(type) {
			case client.PeopleEmailUpdateMandrillEmailFailed:
				if outcome.Data.Email != ada {
					t.Errorf("the person is %+v", outcome.Data)
				}
			case client.PeopleEmailUpdateActionSuccessful:
				link := e.mailedLink("email", newEmail)
				if page := e.page("GET", "email_change", link); page.code != 200 || strings.Contains(page.text, "password") || strings.Contains(page.text, ada) {
					t.Errorf("the page is %s", page.text)
				}
				if slug := e.changeEmail(link, ""); slug != "action-successful" || outcome.Data.Email != ada {
					t.Errorf("the link is %s, for %+v", slug, outcome.Data)
				}
				if slug := e.undoChange(e.undoLink(ada)); slug != "action-successful" {
					t.Errorf("undoing is %s", slug)
				}
			}
		})
	}
}

// TestEmailPageAsksForThePassword, which a user without one cannot give. It does not show the other address: a new
// one that was mistyped is a stranger's.
func TestEmailPageAsksForThePassword(t *testing.T) {
	t.Parallel()
	e := start(t)
	ada, grace := e.user(person{client: true}), e.user(person{client: true, noPassword: true})
	page := e.page("GET", "email_change", e.emailLink("email_change", ada, newEmail, false, 0))
	if page.code != 200 || !strings.Contains(page.text, `"has_password":true`) || !strings.Contains(page.text, newEmail) || strings.Contains(page.text, ada) {
		t.Errorf("the page is %s", page.text)
	}
	page = e.page("GET", "email_change", e.emailLink("email_change", grace, newEmail, false, 0))
	if page.code != 200 || strings.Contains(page.text, "has_password") {
		t.Errorf("without a password the page is %s", page.text)
	}
}
