package tests

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
)

// speaking sends the header Accept-Language.
func speaking(languages string) client.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("Accept-Language", languages)
		return nil
	}
}

// ownPage sends the Origin of PlanoAuth's own pages.
func ownPage(_ context.Context, req *http.Request) error {
	req.Header.Set("Origin", cheapSettings.PublicURL)
	return nil
}

func causePasswordSet(e *env, email string, header client.RequestEditorFn) client.Outcome {
	params := client.UsersPasswordResetParams{ResetToken: e.link("reset", email, "", 0), Password: "nanoseconds on a wire"}
	return outcomeOf(e)(e.api.UsersPasswordReset(e.t.Context(), params, header))
}

func causeEmailChange(e *env, email string, header client.RequestEditorFn) client.Outcome {
	params := client.UsersEmailChangeRequestParams{Email: "new-" + email, CurrentPassword: goodPassword}
	return outcomeOf(e)(e.api.UsersEmailChangeRequest(e.t.Context(), params, client.WithToken(e.signIn(email)), header))
}

// mailCauses make a mail of each kind to an address, or of the user who has it, by a request with a header.
var mailCauses = map[mailer.Kind]func(e *env, email string, header client.RequestEditorFn) client.Outcome{
	mailer.Verification: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		e.exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", email)
		return outcomeOf(e)(e.api.UsersEmailVerificationRequest(e.t.Context(), client.UsersEmailVerificationRequestParams{}, client.WithToken(e.signIn(email)), header))
	},
	mailer.MagicLink: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		return outcomeOf(e)(e.api.SessionsMagicLinkRequest(e.t.Context(), client.SessionsMagicLinkRequestParams{Email: email, Application: "planoorder"}, header))
	},
	mailer.PasswordReset: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		return outcomeOf(e)(e.api.UsersPasswordResetRequest(e.t.Context(), client.UsersPasswordResetRequestParams{Email: email, Application: "planoorder"}, header))
	},
	mailer.PasswordSet: causePasswordSet,
	mailer.PasswordRemoved: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		e.exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", email)
		params := client.SessionsMagicLinkCreateParams{MagicToken: e.link("magic", email, "", 0)}
		return outcomeOf(e)(e.api.SessionsMagicLinkCreate(e.t.Context(), params, header))
	},
	mailer.GoogleLinked: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		as := account{"sub": rand.Text(), "email": email, "email_verified": true}
		p := e.browse(e.beginGoogle(), as).params()
		params := client.UsersGoogleLinkParams{Code: p.Code, State: p.State, Verifier: p.Verifier}
		return outcomeOf(e)(e.api.UsersGoogleLink(e.t.Context(), params, client.WithToken(e.signIn(email)), header))
	},
	mailer.RememberMe: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.PreferencesUpdateParams{RememberMe: true}
		return outcomeOf(e)(e.api.PreferencesUpdate(e.t.Context(), params, client.WithToken(e.signIn(email)), header))
	},
	mailer.SignIn: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planox2"}
		return outcomeOf(e)(e.api.SessionsCreate(e.t.Context(), params, header))
	},
	mailer.Summary: func(e *env, email string, header client.RequestEditorFn) (last client.Outcome) {
		for range 6 {
			last = causePasswordSet(e, email, header)
		}
		return last
	},
	mailer.EmailChange:          causeEmailChange,
	mailer.EmailChangeRequested: causeEmailChange,
	mailer.EmailChangeByAdmin: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.PeopleEmailUpdateParams{ID: e.userID(email), Email: "new-" + email}
		return outcomeOf(e)(e.api.PeopleEmailUpdate(e.t.Context(), params, client.WithToken(e.employee("admin")), header))
	},
	mailer.EmailChanged: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.UsersEmailChangeParams{EmailToken: e.emailLink("email_change", email, "new-"+email, true, 0)}
		return outcomeOf(e)(e.api.UsersEmailChange(e.t.Context(), params, header))
	},
	mailer.AccountDeleted: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.UsersDeleteParams{CurrentPassword: goodPassword}
		return outcomeOf(e)(e.api.UsersDelete(e.t.Context(), params, client.WithToken(e.session(email, "planoauth")), header))
	},
	mailer.Invitation: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.PeopleInviteParams{ID: e.userID(email)}
		return outcomeOf(e)(e.api.PeopleInvite(e.t.Context(), params, client.WithToken(e.employee("support")), header))
	},
	mailer.NewRecord: func(e *env, email string, header client.RequestEditorFn) client.Outcome {
		params := client.LiaisonsCreateParams{Email: email}
		return outcomeOf(e)(e.api.LiaisonsCreate(e.t.Context(), params, client.WithToken(e.employee("admin")), header))
	},
}

func outcomeOf(e *env) func(client.Outcome, error) client.Outcome {
	return func(outcome client.Outcome, err error) client.Outcome {
		e.t.Helper()
		check(e.t, err)
		return outcome
	}
}

// mailLanguage waits for a mail of a kind to an address, and returns its language.
func (e *env) mailLanguage(kind mailer.Kind, to string) (language string) {
	e.t.Helper()
	e.within(busyLimit, fmt.Sprintf("a mail %s is sent", kind), func() bool {
		var subject string
		if e.pool.QueryRow(e.t.Context(), "SELECT subject FROM mails WHERE kind = $1 AND to_email = $2", string(kind), to).Scan(&subject) == nil {
			for _, mail := range e.mandrill.mails() {
				if mail.To == to && mail.Subject == subject {
					_, rest, _ := strings.Cut(mail.HTML, `<html lang="`)
					language, _, _ = strings.Cut(rest, `"`)
				}
			}
		}
		return language != ""
	})
	return language
}

// TestMailsFollowTheLocale: each kind of mail is in the language that its user has saved, whoever causes it, else in
// that of the request.
func TestMailsFollowTheLocale(t *testing.T) {
	t.Parallel()
	for _, kind := range mailer.Kinds {
		if mailCauses[kind] == nil && kind != mailer.Welcome {
			t.Errorf("nothing here causes a mail %s", kind)
		}
	}
	rows := []struct{ locale, request, want string }{
		{"en", "es", "en"}, {"es", "en-GB, en;q=0.8", "es"}, {"", "es-MX, en;q=0.8", "es"}, {"", "en", "en"}, {"", "de", "en"},
	}
	issuer := realGoogle(t)
	for kind, cause := range mailCauses {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL, "UPDATE applications SET sign_in_mail = true WHERE slug = 'planox2'"), withGoogle(issuer))
			for _, row := range rows {
				if kind == mailer.AccountDeleted {
					e.exec("DELETE FROM mails") // it is deleted once it is sent
				}
				email := strings.ToLower(rand.Text()) + "@gmail.com"
				e.user(person{email: email, client: true})
				e.exec("UPDATE users SET locale = nullif($2, ''), email_verified_at = now() WHERE email = $1", email, row.locale)
				if outcome := cause(e, email, speaking(row.request)); outcome.Slug() != "action-successful" {
					t.Fatalf("the outcome is %s", outcome.Slug())
				}
				to := email
				if kind == mailer.EmailChange || kind == mailer.EmailChangeByAdmin {
					to = "new-" + email
				}
				if kind == mailer.AccountDeleted {
					e.within(busyLimit, "the mail is sent", func() bool { mails := e.mandrill.mails(); return len(mails) > 0 && mails[len(mails)-1].To == to })
					mails := e.mandrill.mails()
					if html := mails[len(mails)-1].HTML; !strings.Contains(html, `<html lang="`+row.want+`">`) {
						t.Errorf("with the locale %q and the request %q it is %s", row.locale, row.request, html)
					}
				} else if got := e.mailLanguage(kind, to); got != row.want {
					t.Errorf("with the locale %q and the request %q it is in %q", row.locale, row.request, got)
				}
				if e.count("users WHERE email = $1 AND coalesce(locale, '') <> $2", email, row.locale) != 0 {
					t.Error("the request has changed the locale")
				}
			}
		})
	}
}

// TestOpaqueMailsFollowTheLocale: so does the mail that a job makes, after the request.
func TestOpaqueMailsFollowTheLocale(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL), withSettings(opaque))
	for _, row := range []struct{ locale, request, want string }{{"en", "es", "en"}, {"", "es", "es"}} {
		email := e.user(person{client: true})
		e.exec("UPDATE users SET locale = nullif($2, ''), email_verified_at = now() WHERE email = $1", email, row.locale)
		mailCauses[mailer.MagicLink](e, email, speaking(row.request))
		if got := e.mailLanguage(mailer.MagicLink, email); got != row.want {
			t.Errorf("with the locale %q and the request %q it is in %q", row.locale, row.request, got)
		}
	}
}

// TestLocaleOfThePage: who signs in on a page of PlanoAuth's own gets its language, and nobody else does.
func TestLocaleOfThePage(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.MailPause = time.Millisecond }),
		withSQL("UPDATE applications SET sign_in_mail = true, redirect_origins = '{https://order.example}' WHERE slug = 'planoorder'"))
	productPage := func(_ context.Context, req *http.Request) error {
		req.Header.Set("Origin", "https://order.example")
		return nil
	}
	signIn := func(e *env, email string, headers ...client.RequestEditorFn) client.Outcome {
		params := client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}
		return outcomeOf(e)(e.api.SessionsCreate(t.Context(), params, headers...))
	}
	wrongPassword := func(e *env, email string, headers ...client.RequestEditorFn) client.Outcome {
		params := client.SessionsCreateParams{Email: email, Password: "wrong", Application: "planoorder"}
		return outcomeOf(e)(e.api.SessionsCreate(t.Context(), params, headers...))
	}
	magicLink := func(e *env, email string, headers ...client.RequestEditorFn) client.Outcome {
		params := client.SessionsMagicLinkCreateParams{MagicToken: e.link("magic", email, "", 0)}
		return outcomeOf(e)(e.api.SessionsMagicLinkCreate(t.Context(), params, headers...))
	}
	reset := func(e *env, email string, headers ...client.RequestEditorFn) client.Outcome {
		params := client.UsersPasswordResetParams{ResetToken: e.link("reset", email, "", 0), Password: "nanoseconds on a wire"}
		return outcomeOf(e)(e.api.UsersPasswordReset(t.Context(), params, headers...))
	}
	register := func(e *env, email string, headers ...client.RequestEditorFn) client.Outcome {
		e.exec("DELETE FROM users WHERE email = $1", email)
		return outcomeOf(e)(e.api.ClientsRegister(t.Context(), registration(email), headers...))
	}
	becomeClient := func(e *env, email string, headers ...client.RequestEditorFn) client.Outcome {
		e.exec("DELETE FROM clients USING users WHERE user_id = users.id AND email = $1", email)
		params := client.UsersClientRegisterParams{Application: "planoorder"}
		params.Client.FirstName, params.Client.LastName = "Ada", "Lovelace"
		return outcomeOf(e)(e.api.UsersClientRegister(t.Context(), params, append(headers, client.WithToken(e.signIn(email)))...))
	}
	rows := []struct {
		name    string
		act     func(*env, string, ...client.RequestEditorFn) client.Outcome
		from    client.RequestEditorFn
		known   string
		request string
		slug    string
		want    string // the locale afterwards
		mail    mailer.Kind
		mailIn  string
	}{
		{"signing in for the first time", signIn, ownPage, "", "es", "action-successful", "es", mailer.SignIn, "es"},
		{"signing in on a page in another language", signIn, ownPage, "en", "es", "action-successful", "es", mailer.SignIn, "es"},
		{"signing in on the page of a product", signIn, productPage, "en", "es", "action-successful", "en", mailer.SignIn, "en"},
		{"signing in on the page of a product for the first time", signIn, productPage, "", "es", "action-successful", "", mailer.SignIn, "es"},
		{"a browser without a language", signIn, ownPage, "es", "", "action-successful", "es", mailer.SignIn, "es"},
		{"a stranger without the password", wrongPassword, ownPage, "en", "es", "invalid-password", "en", "", ""},
		{"a magic link", magicLink, ownPage, "en", "es", "action-successful", "es", "", ""},
		{"a magic link used by a product", magicLink, productPage, "en", "es", "action-successful", "en", "", ""},
		{"a new password", reset, ownPage, "en", "es", "action-successful", "es", mailer.PasswordSet, "es"},
		{"a new password on the page of a product", reset, productPage, "en", "es", "action-successful", "en", mailer.PasswordSet, "en"},
		{"registering", register, ownPage, "", "es", "action-successful", "es", mailer.Welcome, "es"},
		{"registering on the page of a product", register, productPage, "", "es", "action-successful", "", mailer.Welcome, "es"},
		{"becoming a client", becomeClient, ownPage, "en", "es", "action-successful", "es", "", ""},
		{"becoming a client on the page of a product", becomeClient, productPage, "en", "es", "action-successful", "en", "", ""},
	}
	e.within(busyLimit, "pages of the product may call", func() bool {
		return signIn(e, e.user(person{client: true}), productPage).Slug() == "action-successful"
	})
	for _, row := range rows {
		email := e.user(person{client: true})
		e.exec("UPDATE users SET locale = nullif($2, ''), email_verified_at = now() WHERE email = $1", email, row.known)
		if got := row.act(e, email, row.from, speaking(row.request)).Slug(); got != row.slug {
			t.Errorf("%s is answered %s", row.name, got)
		}
		if e.count("users WHERE email = $1 AND coalesce(locale, '') = $2", email, row.want) != 1 {
			t.Errorf("%s: the locale is not %q", row.name, row.want)
		}
		if row.mail != "" {
			if got := e.mailLanguage(row.mail, email); got != row.mailIn {
				t.Errorf("%s: the mail %s is in %q", row.name, row.mail, got)
			}
		}
	}
}

// TestLocaleOfAnotherPage costs a sign-in a statement, once.
func TestLocaleOfAnotherPage(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	params := client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}
	e.awaitListener()
	for i, most := range []int{3, 2, 2} {
		e.counted.take()
		want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), params, ownPage, speaking("es")))(t)
		if asked := e.counted.take(); len(asked) > most {
			t.Errorf("sign-in %d takes %d statements: %s", i+1, len(asked), strings.Join(asked, "\n  "))
		}
	}
}

// TestLocaleIsSavedWithTheSession: a sign-in whose language cannot be saved makes no session.
func TestLocaleIsSavedWithTheSession(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
		"CREATE TRIGGER refuse BEFORE UPDATE OF locale ON users FOR EACH ROW EXECUTE FUNCTION refuse()"))
	email := e.user(person{client: true})
	params := client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}
	signIn := func(headers ...client.RequestEditorFn) string {
		return outcomeOf(e)(e.api.SessionsCreate(t.Context(), params, headers...)).Slug()
	}
	if slug := signIn(ownPage, speaking("es")); slug != "application-crash" || e.count("sessions")+e.count("audit_events WHERE status = 'action-successful'") != 0 {
		t.Errorf("it is answered %s, with %d sessions", slug, e.count("sessions"))
	}
	if slug := signIn(speaking("es")); slug != "action-successful" || e.count("sessions") != 1 {
		t.Errorf("where no language is saved it is answered %s, with %d sessions", slug, e.count("sessions"))
	}
	e.exec("DROP TRIGGER refuse ON users")
	if slug := signIn(ownPage, speaking("es")); slug != "action-successful" || e.count("sessions") != 2 || e.count("users WHERE locale = 'es'") != 1 {
		t.Errorf("afterwards it is answered %s, with %d sessions", slug, e.count("sessions"))
	}
}

// TestUsersUpdateLocale sets and clears the language.
func TestUsersUpdateLocale(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := client.WithToken(e.signIn(e.user(person{client: true})))
	update := func(locale client.UsersUpdateParamsLocale) client.Outcome {
		return outcomeOf(e)(e.api.UsersUpdate(t.Context(), client.UsersUpdateParams{Locale: &locale}, token))
	}
	read := func(view client.View) client.Locale {
		return want[client.UsersReadActionSuccessful](e.api.UsersRead(t.Context(), client.UsersReadParams{View: view}, token))(t).Data.Locale
	}
	for _, locale := range []client.UsersUpdateParamsLocale{"es", "en", ""} {
		updated := want[client.UsersUpdateActionSuccessful](update(locale), nil)(t).Data.Locale
		if saved := read(client.Default); string(updated) != string(locale) || saved != updated || read(client.Full) != saved || read(client.Minimal) != "" {
			t.Errorf("%q becomes %q, and then %q", locale, updated, saved)
		}
	}
	update("es")
	first := "Augusta"
	want[client.UsersUpdateActionSuccessful](e.api.UsersUpdate(t.Context(), client.UsersUpdateParams{FirstName: &first}, token))(t)
	if read(client.Default) != "es" {
		t.Error("another param has changed the language")
	}
	for _, wrong := range []client.UsersUpdateParamsLocale{"de", "ES", "es-MX"} {
		if errs := want[client.InvalidParam](update(wrong), nil)(t).Errors; len(errs) != 1 || errs[0].Param != "locale" || errs[0].Rule != "enum" {
			t.Errorf("%q is refused by %+v", wrong, errs)
		}
	}
}

// TestPagesSayTheirLanguageLong: the script of a page sends the language that the page is in, whatever the browser's is.
func TestPagesSayTheirLanguageLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	e := start(t, withSettings(inDevelopment), withSQL(orderSQL))
	signIn := specOperations()[slices.IndexFunc(specOperations(), func(o *specOperation) bool { return o.id == "sessionsCreate" })]
	for language, label := range map[string]string{"en": "Password", "es": "Contraseña"} {
		b := openTab(t, chromium, 390, e.url)
		b.do(chromedp.Navigate(e.url + "/sign-in?application=planoorder&challenge=" + challengeOf(verifier) + "&lang=" + language))
		b.shows("form", label)
		r, _ := b.call(signIn, fill(`input[name="email"]`, e.user(person{client: true})),
			fill(`input[name="password"]`, "wrong"), click("form .button"))
		if said := r.Request.Headers["accept-language"]; said != language {
			t.Errorf("the page in %s says %v", language, said)
		}
	}
}
