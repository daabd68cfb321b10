package tests

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/mailer"
)

// registration returns the params of a registration that succeeds.
func registration(email string) client.ClientsRegisterParams {
	return client.ClientsRegisterParams{Application: "planoorder", Client: client.ClientsRegisterClient{
		Email: email, Password: "nanoseconds on a wire", FirstName: "Grace", LastName: "Hopper",
	}}
}

// longestEmail has 254 characters.
var longestEmail = strings.Repeat("a", 63) + "@" + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 54) + ".example"

func TestClientsRegister(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 254)
	rows := []struct {
		name   string
		change func(p *client.ClientsRegisterParams)
		want   string
		errors string
	}{
		{"the least that is needed", func(p *client.ClientsRegisterParams) {}, "action-successful", ""},
		{"all there is", func(p *client.ClientsRegisterParams) {
			p.Client.Phone, p.Client.CompanyID, p.Client.CompanyName, p.Enterprise = "(212) 555-2368", 1, "Remington Rand", true
			p.RedirectURL = "https://order.example/welcome"
		}, "action-successful", ""},
		{"the longest address, with white space around", func(p *client.ClientsRegisterParams) { p.Client.Email = " " + longestEmail + "\n" }, "action-successful", ""},
		{"names behind an initial and a title", func(p *client.ClientsRegisterParams) { p.Client.FirstName, p.Client.LastName = "X.Li", "Dr.No" }, "action-successful", ""},
		{"names in other scripts", func(p *client.ClientsRegisterParams) {
			p.Client.FirstName, p.Client.LastName = "Софья", "O’Brien-Κοβαλέφσκαγια"
		}, "action-successful", ""},
		{"a name with dots", func(p *client.ClientsRegisterParams) { p.Client.FirstName, p.Client.LastName = "J.R.R.", "St.John" }, "action-successful", ""},
		{"a taken address", func(p *client.ClientsRegisterParams) { p.Client.Email = "TAKEN@example.com" }, "email-already-registered", ""},
		{"an unknown application", func(p *client.ClientsRegisterParams) { p.Application = "planonothing" }, "invalid-param", "application exists"},
		{"an application that does not admit clients", func(p *client.ClientsRegisterParams) { p.Application = "staff" }, "invalid-param", "application allowed"},
		{"a redirect to elsewhere and an unknown company", func(p *client.ClientsRegisterParams) {
			p.RedirectURL, p.Client.CompanyID = "https://evil.example", 99
		}, "invalid-param", "client.company_id exists, redirect_url allowed"},
		{"a redirect with a user part", func(p *client.ClientsRegisterParams) { p.RedirectURL = "https://order.example@evil.example/" }, "invalid-param", "redirect_url format"},
		{"a redirect by http", func(p *client.ClientsRegisterParams) { p.RedirectURL = "http://order.example/" }, "invalid-param", "redirect_url format"},
		{"a redirect with a backslash", func(p *client.ClientsRegisterParams) { p.RedirectURL = `https://order.example\@evil.example/` }, "invalid-param", "redirect_url format"},
		{"a redirect with a backslash at the right host", func(p *client.ClientsRegisterParams) { p.RedirectURL = `https://order.example/a\b` }, "invalid-param", "redirect_url format"},
		{"a redirect with a control character", func(p *client.ClientsRegisterParams) { p.RedirectURL = "https://order.example/\u0085x" }, "invalid-param", "redirect_url format"},
		{"a relative redirect", func(p *client.ClientsRegisterParams) { p.RedirectURL = "/orders" }, "invalid-param", "redirect_url format"},
		{"a redirect by javascript", func(p *client.ClientsRegisterParams) { p.RedirectURL = "javascript:alert(1)" }, "invalid-param", "redirect_url format"},
		{"addresses without a name", func(p *client.ClientsRegisterParams) { p.Client.Email = "@example.com" }, "invalid-param", "client.email format"},
		{"addresses of other letters", func(p *client.ClientsRegisterParams) { p.Client.Email = "jos\u00e9@example.com" }, "invalid-param", "client.email format"},
		{"the Kelvin sign, whose lower case is k", func(p *client.ClientsRegisterParams) { p.Client.Email = "\u212aim@example.com" }, "invalid-param", "client.email format"},
		{"addresses with two at signs", func(p *client.ClientsRegisterParams) { p.Client.Email = "a@b@example.com" }, "invalid-param", "client.email format"},
		{"too long an address", func(p *client.ClientsRegisterParams) { p.Client.Email = long + "@example.com" }, "invalid-param", "client.email maxLength, client.email format"},
		{"too long names", func(p *client.ClientsRegisterParams) { p.Client.FirstName, p.Client.LastName = long, long }, "invalid-param", "client.first_name maxLength, client.last_name maxLength"},
		{"too long a password", func(p *client.ClientsRegisterParams) { p.Client.Password = strings.Repeat("ä1", 129) }, "invalid-param", "client.password maxLength"},
		{"an unknown view", func(p *client.ClientsRegisterParams) { p.View, p.SessionView = "huge", "none" }, "invalid-param", "view enum, session_view enum"},
		{"a company id of nothing", func(p *client.ClientsRegisterParams) { p.Client.CompanyID = -1 }, "invalid-param", "client.company_id minimum"},
		{"missing and wrong together", func(p *client.ClientsRegisterParams) {
			p.View = "huge"
			p.Client = client.ClientsRegisterClient{Email: "x", Password: "y", LastName: long}
		}, "invalid-param", "view enum, client.email format, client.first_name minLength, client.first_name pattern, client.last_name maxLength"},
		{"a phone number that cannot exist", func(p *client.ClientsRegisterParams) { p.Client.Phone = "+49 1" }, "client-validation-failed", "client.phone possible"},
		{"a phone number of letters", func(p *client.ClientsRegisterParams) { p.Client.Phone = "call me" }, "client-validation-failed", "client.phone possible"},
		{"URLs as names", func(p *client.ClientsRegisterParams) {
			p.Client.FirstName, p.Client.LastName = "Win at evil.com", "https://x.example"
		}, "client-validation-failed", "client.first_name no_url, client.last_name no_url"},
		{"URLs in disguise", func(p *client.ClientsRegisterParams) {
			p.Client.FirstName, p.Client.LastName = "\uff45\uff56\uff49\uff4c\uff0e\uff43\uff4f\uff4d", "evil\u3002com"
		}, "client-validation-failed", "client.first_name no_url, client.last_name no_url"},
		{"URLs that are spelled out", func(p *client.ClientsRegisterParams) {
			p.Client.FirstName, p.Client.LastName = "Visit evil . com", "evil dot com"
		}, "client-validation-failed", "client.first_name no_url, client.last_name no_url"},
		{"a phone number with an extension", func(p *client.ClientsRegisterParams) { p.Client.Phone = "+1 415 555 2671 ext. 89" }, "client-validation-failed", "client.phone possible"},
		{"a phone number behind a word", func(p *client.ClientsRegisterParams) { p.Client.Phone = "Home: +1 415 555 2671" }, "client-validation-failed", "client.phone possible"},
		{"an address of 255 characters", func(p *client.ClientsRegisterParams) { p.Client.Email = " x" + longestEmail }, "invalid-param", "client.email maxLength"},
		{"names of more than a line, of nothing, or written backwards", func(p *client.ClientsRegisterParams) {
			p.Client.FirstName, p.Client.LastName, p.Client.CompanyName = "Call\n\nme", " \u2029", "\u202emoc.live"
		}, "invalid-param", "client.first_name pattern, client.last_name pattern, client.company_name pattern"},
		{"a blank name", func(p *client.ClientsRegisterParams) { p.Client.FirstName = "  " }, "invalid-param", "client.first_name pattern"},
		{"a number that is possible only within a town", func(p *client.ClientsRegisterParams) { p.Client.Phone = "5552368" }, "client-validation-failed", "client.phone possible"},
		{"an inactive company", func(p *client.ClientsRegisterParams) { p.Client.CompanyID = 2 }, "client-validation-failed", "client.company_id active"},
		{"a short password", func(p *client.ClientsRegisterParams) { p.Client.Password = "x9!kQ2z" }, "client-validation-failed", "client.password minLength"},
		{"a common password", func(p *client.ClientsRegisterParams) { p.Client.Password = "password1" }, "client-validation-failed", "client.password guessable"},
		{"a password of the person's own words", func(p *client.ClientsRegisterParams) {
			p.Client.LastName, p.Client.Password = "Kowqzrtvbn", "kowqzrtvbn1"
		}, "client-validation-failed", "client.password own_words"},
		{"everything broken at once, in the order of the spec, at a taken address", func(p *client.ClientsRegisterParams) {
			p.Client = client.ClientsRegisterClient{Email: "taken@example.com", Password: "12345678", FirstName: "www.x.com", LastName: "H", Phone: "1", CompanyID: 2}
		}, "client-validation-failed", "client.password guessable, client.first_name no_url, client.phone possible, client.company_id active"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(
				"UPDATE applications SET url = 'https://order.example' WHERE slug = 'planoorder'",
				"INSERT INTO applications (slug, name, admits) VALUES ('staff', 'Staff', '{employee}')",
				"INSERT INTO companies (name, active) VALUES ('Remington Rand', true), ('Eckert-Mauchly', false)"))
			e.user(person{email: "taken@example.com", client: true})
			params := registration("new@example.com")
			row.change(&params)
			outcome, err := e.api.ClientsRegister(t.Context(), params)
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
			made := 0
			if row.want == "action-successful" {
				made = 1
			}
			if e.count("users") != 1+made || e.count("clients") != 1+made || e.count("sessions") != made || e.count("mails") != made || len(e.mandrill.mails()) != made {
				t.Errorf("%d users, %d clients, %d sessions and %d mails are there", e.count("users"), e.count("clients"), e.count("sessions"), e.count("mails"))
			}
		})
	}
}

func errorsOf(errors []client.ParamError) string {
	var list []string
	for _, e := range errors {
		list = append(list, e.Param+" "+string(e.Rule))
	}
	return strings.Join(list, ", ")
}

func TestClientsRegisterViews(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("INSERT INTO companies (name) VALUES ('Remington Rand')"))
	params := registration("  New@Example.com ")
	params.Client.Phone, params.Client.CompanyID, params.Client.CompanyName, params.Enterprise = "212 555 2368", 1, "Rand", true
	params.View, params.ApplicationView = client.Full, client.Full
	made := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), params))(t)
	d := made.Data
	if d.Email != "new@example.com" || d.Phone != "+12125552368" || d.CompanyID != 1 || d.CompanyName != "Rand" || d.CompanyConfirmed || d.Enterprise || !d.Active || d.User.ID == 0 || d.User.EmailVerified {
		t.Errorf("the client is %+v", d)
	}
	if s := made.Session; s.Token == "" || s.Application != "planoorder" || s.User.ID != d.User.ID {
		t.Errorf("the session is %+v", s)
	}
	if made.Application.Slug != "planoorder" {
		t.Errorf("the application is %+v", made.Application)
	}
	want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(made.Session.Token)))(t)
	params = registration("enterprise@example.com")
	params.Enterprise = true
	if made := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), params))(t); !made.Data.Enterprise {
		t.Errorf("the enterprise client is %+v", made.Data)
	}
	if mails := e.mandrill.mails(); len(mails) != 2 || mails[0].To != "new@example.com" || mails[0].From != "auth@planoauth.example" ||
		!strings.Contains(mails[0].Text, "Grace") || !strings.Contains(mails[0].HTML, "Grace") {
		t.Errorf("the mails are %+v", mails)
	}
}

func TestLegacySlug(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET legacy_slugs = true WHERE slug = 'planox2'"))
	email := e.user(person{})
	params := registration(email)
	want[client.EmailAlreadyRegistered](e.api.ClientsRegister(t.Context(), params))(t)
	params.Application = "planox2"
	want[client.EmailAlreadyRegisterd](e.api.ClientsRegister(t.Context(), params))(t) //nolint:staticcheck // old callers still ask for the old spelling
	if e.count("clients") != 0 || e.count("users WHERE first_name = 'Ada'") != 1 {
		t.Error("the user was changed")
	}
}

// TestRaceForOneAddress: of twenty concurrent registrations of one address, one succeeds.
func TestRaceForOneAddress(t *testing.T) {
	t.Parallel()
	e := start(t)
	seen := atOnce(t, 20, func(i int) (client.Outcome, error) {
		params := registration("race@example.com")
		if i%2 == 1 {
			params.Client.Email = "Race@Example.com"
		}
		return e.api.ClientsRegister(t.Context(), params)
	})
	if seen["action-successful"] != 1 || seen["email-already-registered"] != 19 {
		t.Errorf("the outcomes are %v", seen)
	}
	if e.count("users") != 1 || e.count("clients") != 1 || e.count("sessions") != 1 || e.count("mails") != 1 || e.count("notifications") != 0 {
		t.Error("there is not one of each")
	}
}

// TestRegisteringReplaces: a registration ends the session that it presents.
func TestRegisteringReplaces(t *testing.T) {
	t.Parallel()
	e := start(t)
	old := e.signIn(e.user(person{client: true}))
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("new@example.com"), client.WithToken(old)))(t)
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(old)))(t)
}

// TestMandrillFailures: the operation's changes stay, the operators are notified, and the mail is retried
// unless Mandrill rejected it.
func TestMandrillFailures(t *testing.T) {
	t.Parallel()
	rows := []struct {
		mode  string
		final bool
	}{
		{"rejected", true}, {"invalid", true}, {"badkey", false}, {"down", false}, {"garbage", false}, {"drop", false}, {"stall", false},
	}
	for _, row := range rows {
		t.Run(row.mode, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			e.mandrill.be(row.mode)
			began := time.Now()
			failed := want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			if failed.Data.Email != "new@example.com" || failed.Session.Token == "" {
				t.Errorf("the failure is %+v", failed)
			}
			want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(failed.Session.Token)))(t)
			if e.count("notifications WHERE kind = 'mandrill-email-failed' AND operation = 'clientsRegister' AND request_id = $1", failed.RequestID) != 1 {
				t.Error("there is not one notification")
			}
			if e.count("mails WHERE sent_at IS NULL AND (failed_at IS NOT NULL) = $1", row.final) != 1 {
				t.Error("the mail is not in the right state")
			}
			if strings.Contains(e.logs.String(), "md-test-key") || strings.Contains(e.logs.String(), failed.Session.Token) {
				t.Error("the log has a secret")
			}
		})
	}
	for _, mode := range []string{"queued", "scheduled"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			e.mandrill.be(mode)
			want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
			if e.count("mails WHERE sent_at IS NOT NULL") != 1 {
				t.Error("the mail is not marked as sent")
			}
		})
	}
}

// TestLookalikePassword: a password of look-alike characters counts as an own word if it is the name.
func TestLookalikePassword(t *testing.T) {
	t.Parallel()
	const lookalikes = "4@8({[<369!1|70$5+%24@8({[<369!1|70$5+%24@8({[<369!1|70$5+%24@8{" // 64 characters
	e := start(t)
	params := registration("new@example.com")
	params.Client.Password, params.Client.LastName = lookalikes, lookalikes
	failed := want[client.ClientValidationFailed](e.api.ClientsRegister(t.Context(), params))(t)
	if len(failed.Errors) != 1 || failed.Errors[0].Param != "client.password" || failed.Errors[0].Rule != client.OwnWords {
		t.Errorf("the errors are %+v", failed.Errors)
	}
	params.Client.LastName = "Hopper"
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), params))(t)
}

// TestRedirectsOfMandrill: redirects are not followed, so the API key goes nowhere else.
func TestRedirectsOfMandrill(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	mailer, err := mailer.NewMandrill("md-test-key", redirecting.URL, "auth@example.com")
	check(t, err)
	e := start(t, func(o *options) { o.mailer = mailer })
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
	if elsewhere.Load() > 0 {
		t.Error("the key went elsewhere")
	}
}

// TestMarkupInNames: a name that looks like markup is text in the mail.
func TestMarkupInNames(t *testing.T) {
	t.Parallel()
	e := start(t)
	params := registration("new@example.com")
	params.Client.FirstName = "<b>Grace</b>"
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), params))(t)
	mail := e.mandrill.mails()[0]
	if strings.Contains(mail.HTML, "<b>Grace") || !strings.Contains(mail.HTML, "&lt;b&gt;Grace") || !strings.Contains(mail.Text, "<b>Grace</b>") {
		t.Errorf("the mail is %+v", mail)
	}
}
