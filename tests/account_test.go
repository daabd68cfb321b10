package tests

import (
	"slices"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// TestRegisterReadSignIn registers a user, reads the session, signs out and signs in again.
func TestRegisterReadSignIn(t *testing.T) {
	t.Parallel()
	e := start(t)
	ctx := t.Context()
	registered := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(ctx, registration("grace@example.com")))(t)
	token := client.WithToken(registered.Session.Token)
	read := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(ctx, client.SessionsReadParams{View: client.Full}, token))(t)
	if read.Data.User.Email != "grace@example.com" || read.Data.Method != "registration" || read.Data.ID != registered.Session.ID {
		t.Errorf("the session is %+v", read.Data)
	}
	want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(ctx, client.SessionsDeleteParams{}, token))(t)
	want[client.InvalidToken](e.api.SessionsRead(ctx, client.SessionsReadParams{}, token))(t)
	signIn := client.SessionsCreateParams{Email: "grace@example.com", Password: "nanoseconds on a wire", Application: "planoorder"}
	signedIn := want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(ctx, signIn))(t)
	if signedIn.Data.Token == registered.Session.Token || signedIn.Data.User.ID != read.Data.User.ID {
		t.Errorf("the new session is %+v", signedIn.Data)
	}
	if mails := e.mandrill.mails(); len(mails) != 1 || mails[0].To != "grace@example.com" {
		t.Errorf("the mails are %+v", mails)
	}
}

func TestAccountLifecycle(t *testing.T) {
	t.Parallel()
	accountLifecycle(start(t, withSQL(orderSQL), withGoogle(realGoogle(t))))
}

// accountLifecycle goes through the life of an account: register, verify, sign in on three devices, list
// them, sign one out, reset the password, add Google, turn on remember_me, return after 100 days, sign out
// everywhere.
func accountLifecycle(e *env) {
	t, ctx := e.t, e.t.Context()
	const email, password = "grace@example.com", "the compiler is my friend"
	read := func(session client.Session) string {
		outcome, err := e.api.SessionsRead(ctx, client.SessionsReadParams{}, client.WithToken(session.Token))
		check(t, err)
		return outcome.Slug()
	}

	registered := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(ctx, registration(email), device("registration")))(t).Session
	verify := client.UsersEmailVerifyParams{VerificationToken: e.mailedLink("verify", email)}
	want[client.UsersEmailVerifyActionSuccessful](e.api.UsersEmailVerify(ctx, verify, client.WithToken(registered.Token)))(t)

	signIn := func(password, name string) client.Session {
		params := client.SessionsCreateParams{Email: email, Password: password, Application: "planoorder"}
		return want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(ctx, params, device(name)))(t).Data
	}
	first := registration(email).Client.Password
	phone, tablet, desk := signIn(first, "phone"), signIn(first, "tablet"), signIn(first, "desk")
	list := want[client.SessionsIndexActionSuccessful](e.api.SessionsIndex(ctx, client.SessionsIndexParams{View: client.Full, Count: true}, client.WithToken(desk.Token)))(t)
	var devices []string
	for _, session := range list.Data.Results {
		devices = append(devices, session.UserAgent)
	}
	if !slices.Equal(devices, []string{"desk", "tablet", "phone", "registration"}) || list.Data.Count != 4 {
		t.Errorf("the devices are %v of %d", devices, list.Data.Count)
	}
	want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(ctx, client.SessionsDeleteParams{ID: phone.ID}, client.WithToken(desk.Token)))(t)
	if read(phone) != "invalid-token" || read(tablet) != "action-successful" {
		t.Error("the phone is still signed in, or the tablet is not")
	}

	reset := client.UsersPasswordResetParams{ResetToken: e.resetLink(email), Password: password}
	want[client.UsersPasswordResetActionSuccessful](e.api.UsersPasswordReset(ctx, reset))(t)
	if read(desk) != "invalid-token" || read(tablet) != "invalid-token" {
		t.Error("after a reset a session still works")
	}
	again := signIn(password, "desk again")

	google := want[client.SessionsGoogleCreateActionSuccessful](e.googleSignIn(account{"sub": "1906", "email": email, "email_verified": true, "hd": "example.com"}), nil)(t).Data
	user := want[client.UsersReadActionSuccessful](e.api.UsersRead(ctx, client.UsersReadParams{View: client.Full}, client.WithToken(google.Token)))(t).Data
	if !user.GoogleLinked || !user.EmailVerified || user.ID != registered.User.ID {
		t.Errorf("the user is %+v", user)
	}

	want[client.PreferencesUpdateActionSuccessful](e.api.PreferencesUpdate(ctx, client.PreferencesUpdateParams{RememberMe: true}, client.WithToken(again.Token)))(t)
	e.clock.move(100 * 24 * time.Hour)
	if read(again) != "action-successful" || read(google) != "action-successful" {
		t.Error("a hundred days later a session has ended")
	}
	gone := want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(ctx, client.SessionsDeleteParams{Scope: "all"}, client.WithToken(again.Token)))(t)
	if gone.Data.Count != 2 || read(again) != "invalid-token" || read(google) != "invalid-token" {
		t.Errorf("%d sessions ended", gone.Data.Count)
	}
}
