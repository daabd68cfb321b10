package tests

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

func TestSessionsGoogleAuthorize(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, application, redirect string
		want, params                string
		landing                     string
	}{
		{"an application with a url", "planoorder", "", "action-successful", "", orderURL},
		{"a redirect to the application", "planoorder", "https://order.example/back?a=b#c", "action-successful", "", "https://order.example/back?a=b#c"},
		{"PlanoAuth itself", "planoauth", "", "action-successful", "", "https://auth.example"},
		{"the page to sign in, for any application", "planox2", "https://auth.example/sign-in?application=planox2&challenge=x", "action-successful", "", "https://auth.example/sign-in?application=planox2&challenge=x"},
		{"the page to register", "planoorder", "https://AUTH.example:443/register", "action-successful", "", "https://AUTH.example:443/register"},
		{"the page of the account", "planoorder", "https://auth.example/account?a", "action-successful", "", "https://auth.example/account?a"},
		{"another page of PlanoAuth", "planoorder", "https://auth.example/console", "invalid-param", "redirect_url allowed", ""},
		{"a path below such a page", "planoorder", "https://auth.example/sign-in/", "invalid-param", "redirect_url allowed", ""},
		{"a page in another spelling", "planoorder", "https://auth.example/sign%2din", "invalid-param", "redirect_url allowed", ""},
		{"such a page elsewhere", "planoorder", "https://auth.example.evil.example/sign-in", "invalid-param", "redirect_url allowed", ""},
		{"an application without a url", "planox2", "", "invalid-param", "redirect_url required", ""},
		{"a redirect elsewhere", "planoorder", "https://evil.example/", "invalid-param", "redirect_url allowed", ""},
		{"an unknown application", "planonothing", "", "invalid-param", "application exists", ""},
	}
	issuer := realGoogle(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withGoogle(issuer), withSQL(orderSQL))
			outcome, err := e.api.SessionsGoogleAuthorize(t.Context(), client.SessionsGoogleAuthorizeParams{Application: row.application, RedirectURL: row.redirect})
			check(t, err)
			if outcome.Slug() != row.want {
				t.Fatalf("want %s, have %#v", row.want, outcome)
			}
			if refused, ok := outcome.(client.InvalidParam); ok {
				if got := refused.Errors[0]; len(refused.Errors) != 1 || string(got.Param)+" "+string(got.Rule) != row.params {
					t.Errorf("the errors are %+v", refused.Errors)
				}
				if e.count("google_states") != 0 {
					t.Error("a state was saved")
				}
				return
			}
			begun := outcome.(client.SessionsGoogleAuthorizeActionSuccessful).Data
			checkAuthorization(e, issuer, begun)
			if e.count("google_states WHERE redirect_url = $1", row.landing) != 1 {
				t.Error("the state leads elsewhere")
			}
		})
	}
}

// checkAuthorization checks what goes to Google, and what must not.
func checkAuthorization(e *env, issuer string, begun client.GoogleAuthorization) {
	at, err := url.Parse(begun.URL)
	check(e.t, err)
	query := at.Query()
	for name, value := range map[string]string{
		"client_id": "google-client", "redirect_uri": "https://auth.example/google/callback", "response_type": "code",
		"scope": "openid email profile", "state": begun.State, "code_challenge_method": "S256",
	} {
		if query.Get(name) != value {
			e.t.Errorf("%s is %q", name, query.Get(name))
		}
	}
	if !strings.HasPrefix(begun.URL, issuer+"/auth?") || len(query.Get("nonce")) != 43 || len(query.Get("code_challenge")) != 43 || len(begun.State) != 43 {
		e.t.Errorf("the url is %s", begun.URL)
	}
	if len(begun.Verifier) < 43 || strings.Contains(begun.URL, begun.Verifier) || strings.Contains(begun.URL, "google-secret") {
		e.t.Error("the verifier or the secret stands in the url")
	}
	if e.count("google_states g WHERE position($1 IN g::text) > 0 OR position($2 IN g::text) > 0", begun.State, begun.Verifier) != 0 {
		e.t.Error("state or verifier is stored as it is")
	}
}

// googleCase is a sign-in to planoorder with Google, and the expected state afterwards.
type googleCase struct {
	name     string
	person   *person // who is there before, with a session; nil for nobody
	sql      string  // changes that user
	as       account // its subject is "1", and its address the person's unless the row says otherwise
	want     string
	sessions int // of all
	linked   bool
	verified bool
	mails    int
}

const (
	verified = "UPDATE users SET email_verified_at = '2026-01-01'"
	another  = "UPDATE users SET google_subject = 'another'"
	same     = "UPDATE users SET google_subject = '1'"
)

var googleCases = []googleCase{
	// Nobody has the address.
	{"a new address at Gmail makes a verified user", nil, "", account{"email": "new@gmail.com"}, "client-required", 1, true, true, 0},
	{"its old name counts as Gmail", nil, "", account{"email": "new@GoogleMail.com"}, "client-required", 1, true, true, 0},
	{"a new address of an organization at Google makes a verified user", nil, "", account{"email": "new@corp.example", "hd": "Corp.Example"}, "client-required", 1, true, true, 0},
	{"a new address elsewhere makes an unverified user", nil, "", account{"email": "new@example.com"}, "client-required", 1, true, false, 0},
	{"the organization has another domain", nil, "", account{"email": "new@example.com", "hd": "corp.example"}, "client-required", 1, true, false, 0},
	{"a domain that only ends like Gmail's", nil, "", account{"email": "new@notgmail.com"}, "client-required", 1, true, false, 0},
	{"an address that Google has not verified makes nobody", nil, "", account{"email": "new@gmail.com", "email_verified": false}, "google-email-unverified", 0, false, false, 0},
	{"Google is silent about verification", nil, "", account{"email": "new@gmail.com", "email_verified": nil}, "google-email-unverified", 0, false, false, 0},
	{"an account without an address makes nobody", nil, "", account{"email": nil}, "google-email-unverified", 0, false, false, 0},
	{"an address that no user may have makes nobody", nil, "", account{"email": "n\u00e9w@gmail.com"}, "google-email-unverified", 0, false, false, 0},
	// A user has the address and is linked.
	{"a verified client is linked and keeps their session", &person{email: "ada@gmail.com", client: true}, verified, account{}, "action-successful", 2, true, true, 1},
	{"the addresses differ by case", &person{email: "Ada@gmail.com", client: true}, verified, account{"email": "aDa@Gmail.com"}, "action-successful", 2, true, true, 1},
	{"a verified client of an organization is linked", &person{email: "ada@corp.example", client: true}, verified, account{"hd": "corp.example"}, "action-successful", 2, true, true, 1},
	{"a verified user without a record is linked", &person{email: "ada@gmail.com"}, verified, account{}, "client-required", 2, true, true, 1},
	{"a verified client without a password is linked", &person{email: "ada@gmail.com", client: true, noPassword: true}, verified, account{}, "action-successful", 2, true, true, 1},
	{"an unverified client without a password is linked, and other sessions end", &person{email: "ada@gmail.com", client: true, noPassword: true}, "", account{}, "action-successful", 1, true, true, 1},
	{"a blank password is none", &person{email: "ada@gmail.com", client: true}, "UPDATE users SET password_hash = ' '", account{}, "action-successful", 1, true, true, 1},
	// A user has the address and is not linked.
	{"an unverified client with a password is not linked", &person{email: "ada@gmail.com", client: true}, "", account{}, "google-account-conflict", 1, false, false, 0},
	{"a client who is linked to another account stays so", &person{email: "ada@gmail.com", client: true}, verified + "; " + another, account{}, "google-account-conflict", 1, false, true, 0},
	{"so does an unverified one without a password", &person{email: "ada@gmail.com", client: true, noPassword: true}, another, account{}, "google-account-conflict", 1, false, false, 0},
	{"Google does not run the domain of a verified client", &person{email: "ada@example.com", client: true}, verified, account{}, "google-account-conflict", 1, false, true, 0},
	{"nor does the organization", &person{email: "ada@example.com", client: true}, verified, account{"hd": "corp.example"}, "google-account-conflict", 1, false, true, 0},
	{"nor does it run that of an unverified client without a password", &person{email: "ada@example.com", client: true, noPassword: true}, "", account{}, "google-account-conflict", 1, false, false, 0},
	{"a verified client's address is not verified by Google", &person{email: "ada@gmail.com", client: true}, verified, account{"email_verified": false}, "google-email-unverified", 1, false, true, 0},
	{"a conflict comes before the missing role", &person{email: "ada@gmail.com", employee: true}, "", account{}, "google-account-conflict", 1, false, false, 0},
	// The user is linked already.
	{"a linked client signs in", &person{email: "ada@gmail.com", client: true}, verified + "; " + same, account{}, "action-successful", 2, true, true, 0},
	{"an unverified one too, and stays unverified", &person{email: "ada@gmail.com", client: true}, same, account{}, "action-successful", 2, true, false, 0},
	{"the address at Google is another by now", &person{email: "ada@gmail.com", client: true}, same, account{"email": "countess@gmail.com"}, "action-successful", 2, true, false, 0},
	{"the address at Google is no longer verified", &person{email: "ada@gmail.com", client: true}, same, account{"email_verified": false}, "action-successful", 2, true, false, 0},
	{"Google says nothing of an address", &person{email: "ada@gmail.com", client: true}, same, account{"email": nil}, "action-successful", 2, true, false, 0},
	// There is no role.
	{"a linked employee has no role here", &person{email: "ada@gmail.com", employee: true}, same, account{}, "user-requires-role", 1, true, false, 0},
	{"an employee has no role here, and is not linked", &person{email: "ada@gmail.com", employee: true}, verified, account{}, "user-requires-role", 1, false, true, 0},
	{"an inactive client has no role, and keeps their session", &person{email: "ada@gmail.com", client: true, inactive: true, noPassword: true}, "", account{}, "user-requires-role", 1, false, false, 0},
}

func TestSessionsGoogleCreate(t *testing.T) {
	t.Parallel()
	issuer := realGoogle(t)
	for _, row := range googleCases {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withGoogle(issuer), withSQL(orderSQL))
			as := account{"sub": rand.Text(), "email_verified": true}
			email := ""
			if row.person != nil {
				row.person.rememberMe = true
				email = e.user(*row.person)
				as["email"] = email
				e.exec("INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at) SELECT u.id, a.id, 'x', 'password', now(), now() FROM users u, applications a WHERE a.slug = 'planoorder'")
			}
			if row.sql != "" {
				e.exec(strings.ReplaceAll(row.sql, "'1'", "'"+as["sub"].(string)+"'"))
			}
			for name, value := range row.as {
				as[name] = value
			}
			outcome := e.googleSignIn(as)
			if outcome.Slug() != row.want {
				t.Fatalf("want %s, have %#v", row.want, outcome)
			}
			row.checkDatabase(e, as, email)
		})
	}
}

// checkDatabase checks the database after a case.
func (row googleCase) checkDatabase(e *env, as account, email string) {
	e.t.Helper()
	users := 1
	if row.person == nil && row.want != "client-required" {
		users = 0
	}
	if email == "" && users == 1 {
		email = strings.ToLower(as["email"].(string))
	}
	for _, claim := range []struct {
		what, from string
		args       []any
		want       int
	}{
		{"users", "users", nil, users},
		{"users with the address", "users WHERE email = $1", []any{email}, users},
		{"sessions", "sessions", nil, row.sessions},
		{"sessions by Google", "sessions WHERE method = 'google' AND redirect_url = $1 AND ip = '127.0.0.1'", []any{orderURL}, ones(strings.Contains("action-successful client-required", row.want))},
		{"linked users", "users WHERE google_subject = $1", []any{as["sub"]}, ones(row.linked)},
		{"verified users", "users WHERE email_verified_at IS NOT NULL", nil, ones(row.verified)},
		{"mails", "mails", nil, row.mails},
		{"notices of the link", "mails WHERE kind = 'google_linked' AND to_email = $1", []any{email}, row.mails},
		{"jobs that send them", "river_job WHERE kind = 'send_mail'", nil, row.mails},
		{"states left", "google_states", nil, 0},
		// remember_me was set before: it is reset only for a user whose address is verified now.
		{"users with remember_me", "users WHERE remember_me", nil, ones(row.person != nil && (row.mails == 0 || row.sessions == 2))},
	} {
		if n := e.count(claim.from, claim.args...); n != claim.want {
			e.t.Errorf("%s: want %d, have %d", claim.what, claim.want, n)
		}
	}
}

func ones(is bool) int {
	if is {
		return 1
	}
	return 0
}

// TestGoogleViews: the views are those of sessions/create, and a presented session ends once the new one
// exists.
func TestGoogleViews(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	as := account{"sub": rand.Text(), "email": "ada@gmail.com", "email_verified": true, "given_name": "Ada", "family_name": "Lovelace"}

	first := e.googleSignIn(as).(client.SessionsGoogleCreateClientRequired)
	if d := first.Data; d.Token == "" || first.Session.Token != d.Token || first.Application.ID != 0 || d.User.Email != "ada@gmail.com" || !d.User.EmailVerified || d.RedirectURL != orderURL {
		t.Errorf("the first answer is %+v", first)
	}
	registered := client.UsersClientRegisterParams{Application: "planoorder", Client: client.UsersClientRegisterClient{FirstName: "Ada", LastName: "King"}}
	want[client.UsersClientRegisterActionSuccessful](e.api.UsersClientRegister(t.Context(), registered, client.WithToken(first.Data.Token)))(t)

	params := e.browse(e.beginGoogle(), as).params()
	params.View, params.SessionView, params.ApplicationView = client.Minimal, client.Full, client.Default
	second := want[client.SessionsGoogleCreateActionSuccessful](e.api.SessionsGoogleCreate(t.Context(), params, client.WithToken(first.Data.Token)))(t)
	if d, s := second.Data, second.Session; d.Token == "" || d.User.ID != 0 || s.Token != d.Token || s.Method != "google" || !slices.Equal(s.Roles, []string{"client"}) || second.Application.Slug != "planoorder" {
		t.Errorf("the second answer is %+v", second)
	}
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(first.Data.Token)))(t)
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(second.Data.Token)))(t)
	if plain := e.googleSignIn(as).(client.SessionsGoogleCreateActionSuccessful); plain.Session.ID != 0 || plain.Application.ID != 0 {
		t.Error("session and application are there though nobody asked")
	}
	if e.count("users WHERE first_name = 'Ada' AND last_name = 'King'") != 1 {
		t.Error("Google's names took the place of the user's own")
	}
}

// TestGoogleNames: names come from Google only if they are valid in a registration.
func TestGoogleNames(t *testing.T) {
	t.Parallel()
	e := start(t, withGoogle(realGoogle(t)), withSQL(orderSQL))
	for given, kept := range map[string]string{
		"Ada": "Ada", "Sørén ✿": "Sørén ✿", strings.Repeat("é", 100): strings.Repeat("é", 100),
		strings.Repeat("e", 101): "", "": "", "  ": "", "Ada\nBcc: x": "", "\u202eadA": "", "www.evil.example": "", "see https://evil.example": "",
	} {
		sub := rand.Text()
		e.googleSignIn(account{"sub": sub, "email": sub + "@gmail.com", "email_verified": true, "given_name": given, "family_name": given})
		if e.count("users WHERE google_subject = $1 AND first_name = $2 AND last_name = $2 AND password_hash IS NULL", sub, kept) != 1 {
			t.Errorf("%q was not kept as %q", given, kept)
		}
	}
}

// TestGoogleRaces: concurrent sign-ins create one user, link one account and crash nothing.
func TestGoogleRaces(t *testing.T) {
	t.Parallel()
	issuer := realGoogle(t)
	const six = 6
	rows := []struct {
		name     string
		accounts int    // that sign in at the same time, six times in all
		sql      string // on the user who has their address, or ""
		register bool   // somebody registers the address at the same time
		want     string // the answers, or one of several possible lists
	}{
		{"one account that nobody knows", 1, "", false, "6 client-required"},
		{"several accounts with an address that nobody has", six, "", false, "1 client-required, 5 google-account-conflict"},
		{"one account with the address of a verified user", 1, verified, false, "6 action-successful"},
		{"several accounts with the address of a verified user", six, verified, false, "1 action-successful, 5 google-account-conflict"},
		{"an account while somebody registers its address", 1, "", true, "1 action-successful, 6 google-account-conflict; 6 client-required, 1 email-already-registered"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withGoogle(issuer), withSQL(orderSQL))
			if row.sql != "" {
				e.user(person{email: "ada@gmail.com", client: true})
				e.exec(row.sql)
			}
			var flows [six]*flow
			for i := range flows {
				as := account{"sub": fmt.Sprint(row.accounts, t.Name(), i%row.accounts), "email": "ada@gmail.com", "email_verified": true}
				flows[i] = e.browse(e.beginGoogle(), as)
			}
			answers := atOnce(t, six+ones(row.register), func(i int) (client.Outcome, error) {
				if i == six {
					return e.api.ClientsRegister(t.Context(), registration("ada@gmail.com"))
				}
				return e.api.SessionsGoogleCreate(t.Context(), flows[i].params())
			})
			var list []string
			for _, slug := range slices.Sorted(maps.Keys(answers)) {
				list = append(list, fmt.Sprint(answers[slug], " ", slug))
			}
			if got := strings.Join(list, ", "); !slices.Contains(strings.Split(row.want, "; "), got) {
				t.Errorf("the answers are %s", got)
			}
			if users, sessions := e.count("users"), e.count("sessions"); users != 1 || sessions != answers["action-successful"]+answers["client-required"] {
				t.Errorf("there are %d users and %d sessions", users, sessions)
			}
			if mails := e.count("mails WHERE kind = 'google_linked'"); mails != ones(row.sql != "") {
				t.Errorf("the user was notified of the link %d times", mails)
			}
		})
	}
}
