package tests

import (
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// TestWholeWay is what a new user does first: register, read the session, sign out, sign in again.
func TestWholeWay(t *testing.T) {
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
