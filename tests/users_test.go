package tests

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/password"
)

func joining() client.UsersClientRegisterParams {
	return client.UsersClientRegisterParams{Application: "planoorder", Client: client.UsersClientRegisterClient{FirstName: "Grace", LastName: "Hopper"}}
}

func TestUsersClientRegister(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		person person
		app    string // of the session
		later  time.Duration
		change func(p *client.UsersClientRegisterParams)
		want   string
		errors string
	}{
		{"a user without a record", person{}, "planoorder", 0, func(p *client.UsersClientRegisterParams) {}, "action-successful", ""},
		{"an employee", person{employee: true}, "planoauth", 0, func(p *client.UsersClientRegisterParams) { p.Application = "planoauth" }, "action-successful", ""},
		{"a client already", person{client: true}, "planoorder", 0, func(p *client.UsersClientRegisterParams) {}, "email-already-client", ""},
		{"an inactive client and employee", person{client: true, employee: true}, "planoauth", 0, func(p *client.UsersClientRegisterParams) { p.Application = "planoauth" }, "email-already-client", ""},
		{"another application than the session's", person{}, "planoorder", 0, func(p *client.UsersClientRegisterParams) { p.Application = "planox2" }, "invalid-param", "application allowed"},
		{"an unknown application", person{}, "planoorder", 0, func(p *client.UsersClientRegisterParams) { p.Application = "planonothing" }, "invalid-param", "application exists"},
		{"a password over another", person{}, "planoorder", 0, func(p *client.UsersClientRegisterParams) { p.Client.Password = "nanoseconds on a wire" }, "invalid-param", "client.password allowed"},
		{"a first password", person{noPassword: true}, "planoorder", 15*time.Minute - time.Second, func(p *client.UsersClientRegisterParams) { p.Client.Password = "nanoseconds on a wire" }, "action-successful", ""},
		{"a first password too late", person{noPassword: true}, "planoorder", 15 * time.Minute, func(p *client.UsersClientRegisterParams) { p.Client.Password = "nanoseconds on a wire" }, "invalid-param", "client.password recent_sign_in"},
		{"a guessable first password", person{noPassword: true}, "planoorder", 0, func(p *client.UsersClientRegisterParams) { p.Client.Password = "password1" }, "client-validation-failed", "client.password guessable"},
		{"a phone number that cannot exist", person{}, "planoorder", 0, func(p *client.UsersClientRegisterParams) { p.Client.Phone = "1" }, "client-validation-failed", "client.phone possible"},
		{"an empty name", person{}, "planoorder", 0, func(p *client.UsersClientRegisterParams) { p.Client.FirstName = "" }, "invalid-param", "client.first_name minLength, client.first_name pattern"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			email := e.user(row.person)
			e.exec("UPDATE users SET email_verified_at = now()") // or it gets no notices
			token := e.session(email, row.app)
			e.exec("DELETE FROM users WHERE email <> $1", email)
			e.clock.move(row.later)
			params := joining()
			row.change(&params)
			outcome, err := e.api.UsersClientRegister(t.Context(), params, client.WithToken(token))
			check(t, err)
			var got string
			switch outcome := outcome.(type) {
			case client.InvalidParam:
				got = errorsOf(outcome.Errors)
			case client.ClientValidationFailed:
				got = errorsOf(outcome.Errors)
			}
			if outcome.Slug() != row.want || got != row.errors {
				t.Errorf("want %s (%s), have %s (%s)", row.want, row.errors, outcome.Slug(), got)
			}
			made := row.want == "action-successful"
			clients := 0
			if made || row.person.client {
				clients = 1
			}
			if e.count("clients") != clients || (e.count("users WHERE first_name = 'Grace'") == 1) != made || e.count("sessions") != 1 {
				t.Errorf("%d clients and %d sessions are there", e.count("clients"), e.count("sessions"))
			}
			if set := made && row.person.noPassword; set != (e.count("mails WHERE kind = 'password_set'") == 1) || set && e.count("users WHERE password_hash IS NULL") != 0 {
				t.Error("the password is not as it should be, or the user was not mailed")
			}
		})
	}
}

// TestBecomingAClient: a user without a record becomes a client, and the session gains the role.
func TestBecomingAClient(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET url = 'https://auth.example' WHERE slug = 'planoorder'"))
	email := e.user(person{})
	e.exec("UPDATE users SET phone = '+12125552368'")
	token := e.signIn(email)
	other := e.signIn(email)
	params := joining()
	params.RedirectURL = "https://auth.example/orders"
	params.View, params.SessionView, params.ApplicationView = client.Full, client.Default, client.Minimal
	made := want[client.UsersClientRegisterActionSuccessful](e.api.UsersClientRegister(t.Context(), params, client.WithToken(token)))(t)
	if made.Data.Email != email || made.Data.FirstName != "Grace" || made.Session.Token != "" || len(made.Session.Roles) != 1 || made.Application.Slug != "planoorder" {
		t.Errorf("the answer is %+v", made)
	}
	read := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token)))(t)
	if read.Data.RedirectURL != "https://auth.example/orders" || made.Session.RedirectURL != read.Data.RedirectURL || made.Data.Phone != "+12125552368" {
		t.Errorf("the redirect URL or the phone number was not taken, or was lost: %+v %+v", read.Data, made)
	}
	if len(read.Data.Roles) != 1 || read.Data.ID != made.Session.ID {
		t.Errorf("the session is %+v", read.Data)
	}
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(other)))(t)
}

// TestFirstPasswordEndsOtherSessions: a first password ends the other sessions, which were created without
// it.
func TestFirstPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{noPassword: true})
	e.exec("UPDATE users SET email_verified_at = now()") // or it gets no notices
	token, other := e.session(email, "planoorder"), e.session(email, "planox2")
	params := joining()
	params.Client.Password = "nanoseconds on a wire"
	want[client.UsersClientRegisterActionSuccessful](e.api.UsersClientRegister(t.Context(), params, client.WithToken(token)))(t)
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(other)))(t)
	e.within(busyLimit, "the user is mailed at once", func() bool {
		mails := e.mandrill.mails()
		return len(mails) > 0 && mails[len(mails)-1].To == email && strings.Contains(mails[len(mails)-1].Subject, "password")
	})
	signIn := client.SessionsCreateParams{Email: email, Password: "nanoseconds on a wire", Application: "planoorder"}
	want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), signIn))(t)
}

// TestSignedOutMeanwhile: a session that ends while the password is hashed changes nothing.
func TestSignedOutMeanwhile(t *testing.T) {
	t.Parallel()
	var e *env
	e = start(t, onHash(func(password.Cost) { e.exec("DELETE FROM sessions") }))
	email := e.user(person{noPassword: true})
	token := e.session(email, "planoorder")
	e.exec("DELETE FROM users WHERE email <> $1", email)
	params := joining()
	params.Client.Password = "nanoseconds on a wire"
	want[client.InvalidToken](e.api.UsersClientRegister(t.Context(), params, client.WithToken(token)))(t)
	if e.count("clients") != 0 || e.count("users WHERE password_hash IS NOT NULL") != 0 {
		t.Error("a record or a password was saved")
	}
}

// TestRaceToBecomeAClient: of ten concurrent attempts one creates the record.
func TestRaceToBecomeAClient(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{}))
	seen := atOnce(t, 10, func(int) (client.Outcome, error) {
		return e.api.UsersClientRegister(t.Context(), joining(), client.WithToken(token))
	})
	if seen["action-successful"] != 1 || seen["email-already-client"] != 9 || e.count("clients") != 1 {
		t.Errorf("the outcomes are %v", seen)
	}
}

// TestUsersReadViews checks the fields on the wire: false is sent, and a field without a value is not.
func TestUsersReadViews(t *testing.T) {
	t.Parallel()
	const inDefault = "created_at email email_verified first_name has_password id last_name"
	for _, row := range []struct {
		name, sql           string
		views               map[string]string
		preferences, google bool
	}{
		{"all is set", "UPDATE users SET google_subject = '123', phone = '+12125552368', remember_me = true, locale = 'es'", map[string]string{
			"minimal": "email email_verified id", "default": inDefault + " locale phone", "full": "created_at email email_verified first_name google_linked has_password id last_name locale phone preferences records",
		}, true, true},
		{"nothing is set", "UPDATE users SET email_verified_at = NULL", map[string]string{
			"minimal": "email email_verified id", "default": inDefault, "full": "created_at email email_verified first_name google_linked has_password id last_name preferences records",
		}, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			token := e.signIn(e.user(person{client: true, liaison: true}))
			e.exec(row.sql)
			for view, fields := range row.views {
				data, _ := e.send("POST", "/api/v1/users/read", []byte(`{"view": "`+view+`"}`), append(bearer(token), "Content-Type", "application/json")...).body["data"].(map[string]any)
				if got := strings.Join(slices.Sorted(maps.Keys(data)), " "); got != fields {
					t.Errorf("the view %s has %s", view, got)
				}
				if view == "full" && (data["google_linked"] != row.google || len(data["records"].([]any)) != 2 || data["preferences"].(map[string]any)["remember_me"] != row.preferences) {
					t.Errorf("the full view is %v", data)
				}
			}
		})
	}
}

func TestUsersUpdate(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, params, want, errors string
		user                       string // first name, last name and phone number afterwards
	}{
		{"nothing", `{}`, "action-successful", "", "Ada Lovelace +12125552368"},
		{"a first name", `{"first_name": "Augusta"}`, "action-successful", "", "Augusta Lovelace +12125552368"},
		{"all", `{"first_name": "Grace", "last_name": "Hopper", "phone": "(202) 555-0143"}`, "action-successful", "", "Grace Hopper +12025550143"},
		{"an empty phone number removes it", `{"phone": ""}`, "action-successful", "", "Ada Lovelace "},
		{"null is absent", `{"phone": null, "last_name": "King"}`, "action-successful", "", "Ada King +12125552368"},
		{"an empty name", `{"first_name": ""}`, "invalid-param", "first_name minLength, first_name pattern", "Ada Lovelace +12125552368"},
		{"a name that holds a URL", `{"first_name": "Grace", "last_name": "evil.example.com"}`, "invalid-param", "last_name no_url", "Ada Lovelace +12125552368"},
		{"a phone number that cannot exist", `{"phone": "1"}`, "invalid-param", "phone possible", "Ada Lovelace +12125552368"},
		{"a phone number with an extension", `{"phone": "+1 415 555 2671 x89"}`, "invalid-param", "phone possible", "Ada Lovelace +12125552368"},
		{"a phone number with white space around", `{"phone": "  +1 415 555 2671                     "}`, "action-successful", "", "Ada Lovelace +14155552671"},
		{"names behind an initial and a title", `{"first_name": "X.Li", "last_name": "Dr.No"}`, "action-successful", "", "X.Li Dr.No +12125552368"},
		{"the e-mail address", `{"email": "other@example.com"}`, "invalid-param", "email additionalProperties", "Ada Lovelace +12125552368"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			token := e.signIn(e.user(person{client: true}))
			e.exec("UPDATE users SET phone = '+12125552368'")
			a := e.send("PUT", "/api/v1/users/update", []byte(row.params), append(bearer(token), "Content-Type", "application/json")...)
			if a.status() != row.want || a.params() != row.errors {
				t.Errorf("the answer is %s", a.text)
			}
			var user string
			check(t, e.pool.QueryRow(t.Context(), "SELECT first_name || ' ' || last_name || ' ' || phone FROM users").Scan(&user))
			if user != row.user {
				t.Errorf("the user is %s", user)
			}
			if data, ok := a.body["data"].(map[string]any); ok && !strings.HasPrefix(row.user, data["first_name"].(string)+" "+data["last_name"].(string)) {
				t.Errorf("the answer holds %v", data)
			}
		})
	}
}

func TestUsersEmailVerify(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		later  time.Duration
		change string
		other  bool // another user's session
		want   string
	}{
		{"the link of the welcome mail", 0, "", false, "action-successful"},
		{"after the sessions limit, by a new one", 6 * 24 * time.Hour, "", false, "action-successful"},
		{"after 7 days", 7 * 24 * time.Hour, "", false, "verification-link-expired"},
		{"by another user", 0, "", true, "invalid-verification-link"},
		{"another kind of link", 0, "UPDATE links SET kind = 'magic'", false, "invalid-verification-link"},
		{"a user without a record", 0, "DELETE FROM clients", false, "action-successful"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
			link := e.mailedLink("verify", "new@example.com")
			stranger := e.user(person{client: true})
			if row.change != "" {
				e.exec(row.change)
			}
			e.clock.move(row.later)
			email, password := "new@example.com", registration("").Client.Password
			if row.other {
				email, password = stranger, goodPassword
			}
			signIn, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: password, Application: "planoorder"})
			check(t, err)
			var token string
			switch signIn := signIn.(type) {
			case client.SessionsCreateActionSuccessful:
				token = signIn.Data.Token
			case client.SessionsCreateClientRequired:
				token = signIn.Data.Token
			}
			outcome, err := e.api.UsersEmailVerify(t.Context(), client.UsersEmailVerifyParams{VerificationToken: link}, client.WithToken(token))
			check(t, err)
			if outcome.Slug() != row.want {
				t.Errorf("want %s, have %#v", row.want, outcome)
			}
			proven := row.want == "action-successful"
			if (e.count("users WHERE email_verified_at IS NOT NULL AND email = 'new@example.com'") == 1) != proven || (e.count("links") == 0) != proven {
				t.Error("what is verified, or consumed, is not what should be")
			}
			if e.count("users WHERE email_verified_at IS NOT NULL AND email <> 'new@example.com'") != 0 {
				t.Error("another user's address was verified")
			}
		})
	}
}
