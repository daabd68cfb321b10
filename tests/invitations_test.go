package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// TestInvitations: a new user sets a password by the invitation, which proves the address, and signs in.
func TestInvitations(t *testing.T) {
	t.Parallel()
	const email, password = "grace@example.com", "nanoseconds on a wire"
	lives := map[string]time.Duration{"employees": 24 * time.Hour, "liaisons": 7 * 24 * time.Hour, "clients": 7 * 24 * time.Hour}
	for _, kind := range recordKinds {
		t.Run(kind.table, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			e.clock.stop(time.Now().Truncate(time.Second))
			made, err := kind.create(e, client.WithToken(e.employee("admin")), email, "Grace", nil)
			check(t, err)
			if made.Slug() != "action-successful" {
				t.Fatalf("it answers %+v", made)
			}
			text := e.mandrill.mails()[0].Text
			if !strings.Contains(text, map[bool]string{true: "24 hours", false: "7 days"}[kind.table == "employees"]) || strings.Contains(text, "127.0.0.1") {
				t.Errorf("the mail is %s", text)
			}
			token, began := e.mailedLink("reset", email), e.clock.now()
			reset := func() client.Outcome {
				outcome, err := e.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{ResetToken: token, Password: password})
				check(t, err)
				return outcome
			}
			e.clock.stop(began.Add(lives[kind.table]))
			if slug := reset().Slug(); slug != "reset-link-expired" || e.page("GET", "invitation", token).code != 410 {
				t.Errorf("at the end of its life it is %s", slug)
			}
			e.clock.stop(began.Add(lives[kind.table] - time.Second))
			if a := e.page("GET", "invitation", token); a.code != 200 || !strings.Contains(a.text, `"page":{"kind":"invitation","email":`) {
				t.Errorf("the page is %d %s", a.code, a.text)
			}
			if slug := reset().Slug(); slug != "action-successful" || e.count("links") != 0 {
				t.Errorf("in its last second it is %s", slug)
			}
			if slug := reset().Slug(); slug != "invalid-reset-link" {
				t.Errorf("the second time it is %s", slug)
			}
			signIn := client.SessionsCreateParams{Email: email, Password: password, Application: kind.app}
			e.exec("UPDATE applications SET admits = '{client,employee,liaison}'")
			e.within(busyLimit, "the application admits all", func() bool {
				outcome, err := e.api.SessionsCreate(t.Context(), signIn)
				check(t, err)
				return outcome.Slug() == "action-successful"
			})
			if e.count("users WHERE email = $1 AND email_verified_at IS NOT NULL", email) != 1 {
				t.Error("the address is not verified")
			}
		})
	}
}

// TestInvitationsAreNoMagicLinks: the token of an invitation is good for a password alone.
func TestInvitationsAreNoMagicLinks(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	token := e.link("invitation", email, "", 0)
	want[client.InvalidMagicLink](e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token}))(t)
	want[client.InvalidVerificationLink](e.api.UsersEmailVerify(t.Context(), client.UsersEmailVerifyParams{VerificationToken: token}, client.WithToken(e.signIn(email))))(t)
}

func TestPeopleInvite(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleLinks = []int{1, 1} }))
	token := client.WithToken(e.employee("support"))
	rows := []struct {
		name   string
		person person
		before string // SQL about the user $1
		app    string
		life   string
	}{
		{"an employee", person{employee: true, noPassword: true}, "", "planoauth", "24 hours"},
		{"a liaison", person{liaison: true, client: true, noPassword: true}, "", "planoauth", "7 days"},
		{"a client who was invited before", person{client: true, noPassword: true}, `INSERT INTO links (kind, user_id, application_id, token_digest, created_at)
			SELECT 'invitation', $1, id, 'x', now() - interval '8 days' FROM applications WHERE slug = 'planox2'`, "planox2", "7 days"},
		{"a client with a session", person{client: true}, `INSERT INTO sessions (user_id, application_id, token_digest, method, redirect_url, ip, user_agent, created_at, last_used_at)
			SELECT $1, id, 'y', 'password', '', '', '', now(), now() FROM applications WHERE slug = 'planoorder'`, "planoorder", "7 days"},
		{"a user of whom nothing is known", person{noPassword: true}, "", "planoauth", "7 days"},
	}
	for _, row := range rows {
		email := e.user(row.person)
		id := e.userID(email)
		if row.before != "" {
			e.exec(row.before, id)
		}
		for range 5 { // there is no limit as for links that anybody requests
			want[client.PeopleInviteActionSuccessful](e.api.PeopleInvite(t.Context(), client.PeopleInviteParams{ID: id}, token))(t)
		}
		mails := e.mandrill.mails()
		if last := mails[len(mails)-1]; last.To != email || !strings.Contains(last.Text, row.life) {
			t.Errorf("%s: the mail is %+v", row.name, last)
		}
		if e.count("links WHERE user_id = $1", id) != 1 || e.count("links l JOIN applications a ON a.id = application_id WHERE user_id = $1 AND kind = 'invitation' AND slug = $2", id, row.app) != 1 {
			t.Errorf("%s: there is not one invitation, of %s", row.name, row.app)
		}
		want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(t.Context(),
			client.UsersPasswordResetParams{ResetToken: e.mailedLink("reset", email), Password: "nanoseconds on a wire"}))(t)
		if n := e.count("audit_events WHERE operation = 'peopleInvite' AND subject_id = $1 AND status = 'action-successful'", id); n != 5 {
			t.Errorf("%s: there are %d audit events", row.name, n)
		}
	}
	invited := e.userID(e.user(person{client: true}))
	e.mandrill.be("down")
	want[client.PeopleInviteMandrillEmailFailed](e.api.PeopleInvite(t.Context(), client.PeopleInviteParams{ID: invited}, token))(t)
	if e.count("links WHERE user_id = $1", invited) != 1 {
		t.Error("the invitation was not saved")
	}
	want[client.InvalidParam](e.api.PeopleInvite(t.Context(), client.PeopleInviteParams{ID: 777}, token))(t)
	want[client.PermissionDenied](e.api.PeopleInvite(t.Context(), client.PeopleInviteParams{ID: e.userID(e.user(person{access: "viewer"}))}, token))(t)
	self := e.user(person{access: "admin"})
	want[client.InvalidParam](e.api.PeopleInvite(t.Context(), client.PeopleInviteParams{ID: e.userID(self)}, client.WithToken(e.session(self, "planoauth"))))(t)
}

// TestInvitationsEndWhatStrangersLeft: who registered somebody's address in advance loses it to the invitation.
func TestInvitationsEndWhatStrangersLeft(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true, rememberMe: true})
	session := e.signIn(email)
	want[client.PeopleInviteActionSuccessful](e.api.PeopleInvite(t.Context(), client.PeopleInviteParams{ID: e.userID(email)}, client.WithToken(e.employee("support"))))(t)
	want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(t.Context(),
		client.UsersPasswordResetParams{ResetToken: e.mailedLink("reset", email), Password: "nanoseconds on a wire"}))(t)
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(session)))(t)
	if e.count("users WHERE email = $1 AND NOT remember_me AND email_verified_at IS NOT NULL", email) != 1 {
		t.Error("the user is not as after the first proof of an address")
	}
}
