package admin

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/db"
)

// origins returns n different origins.
func origins(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("https://app%d.example", i)
	}
	return list
}

// TestChecks has a row per rule of each argument. want is the beginning of the error, "" for none.
func TestChecks(t *testing.T) {
	parse := func(texts ...string) error {
		_, broken := parseOrigins("planoship", texts)
		return broken.of("--redirect-origin")
	}
	checkURL := func(slug, text string) error { return checkURL(slug, text).of("--url") }
	admits := func(slug string, roles ...db.Role) error { return checkAdmits(slug, roles).of("--admits") }
	support := func(text string) error { return checkSupportURL(text).of("--support-url") }
	color := func(text string) error { return checkText("--accent-color", accentColor, text) }
	const url, origin = "--url must be an absolute https URL", "--redirect-origin must be an origin"
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"slug with hyphen and digit", checkSlug("plano-x2"), ""},
		{"slug of 63 characters", checkSlug(strings.Repeat("a", 63)), ""},
		{"slug of 64 characters", checkSlug(strings.Repeat("a", 64)), "SLUG must have at most 63"},
		{"slug in upper case", checkSlug("PlanoShip"), "SLUG must start"},
		{"slug that starts with a digit", checkSlug("2plano"), "SLUG must start"},
		{"empty slug", checkSlug(""), "SLUG must not be empty"},

		{"https URL", checkURL("planoship", "https://ship.example/start"), ""},
		{"loopback URL", checkURL("planoship", "http://127.0.0.1:3000"), ""},
		{"empty URL", checkURL("planoship", ""), ""},
		{"http URL", checkURL("planoship", "http://ship.example"), url},
		{"URL with a password", checkURL("planoship", "https://u:hunter2@ship.example"), url},
		{"URL that is too long", checkURL("planoship", "https://ship.example/"+strings.Repeat("a", 2048)), url},
		{"URL with a wildcard", checkURL("planoship", "https://*.ship.example/start"), url},
		{"URL of planoauth", checkURL("planoauth", "https://auth.example"), "--url cannot be set for planoauth"},

		{"two origins", parse("https://a.example", "http://localhost:3000"), ""},
		{"no origins", parse(""), ""},
		{"99 origins", parse(origins(99)...), ""},
		{"100 origins", parse(origins(100)...), "--redirect-origin must leave the application at most 99"},
		{"host without a scheme", parse("app.example"), origin},
		{"origin with a slash", parse("https://app.example/"), ""},
		{"origin with white space around", parse(" https://app.example\n"), ""},
		{"origin with a wildcard", parse("https://*.app.example"), origin},
		{"origin with a path", parse("https://app.example/orders"), origin},
		{"origin with a query", parse("https://app.example?open=1"), origin},
		{"two origins in one", parse("https://a.example,https://b.example"), origin},
		{"origin without TLS", parse("http://app.example"), origin},
		{"empty origin among others", parse("https://a.example", ""), origin},
		{"origin of 301 characters", parse("https://" + strings.Repeat("a", 293)), origin},

		{"kinds", admits("planoship", "client"), ""},
		{"no kinds", admits("planoship"), "--admits must name at least one"},
		{"kinds of planoauth", admits("planoauth", "client", "employee"), ""},
		{"planoauth without employees", admits("planoauth", "client", "liaison"), "--admits must include employee"},

		{"color", color("#3366cc"), ""},
		{"no color", color(""), ""},
		{"color by name", color("red"), "--accent-color must be a color such as #3366cc"},
		{"color of three digits", color("#36c"), "--accent-color must be a color"},
		{"color and a style", color("#3366cc;x"), "--accent-color must"},

		{"support by https", support("https://help.example/planoship?from=auth"), ""},
		{"support by mail", support("mailto:help@ship.example"), ""},
		{"support by mail with a subject", support("mailto:help@ship.example?subject=PlanoShip"), ""},
		{"no support", support(""), ""},
		{"support by http", support("http://help.example"), "--support-url must be an https URL"},
		{"support on this machine by http", support("http://localhost:3000"), "--support-url must be"},
		{"support by script", support("javascript:alert(1)"), "--support-url must be"},
		{"support by mail to nobody", support("mailto:"), "--support-url must be"},
		{"support by mail to two", support("mailto:a@ship.example,b@ship.example"), "--support-url must be"},
		{"support with a line break", support("mailto:help@ship.example?subject=a\nb"), "--support-url must be"},
		{"support with a password", support("https://u:hunter2@help.example"), "--support-url must be"},
		{"support at a wildcard", support("https://*.help.example"), "--support-url must be"},
		{"support that is too long", support("https://help.example/" + strings.Repeat("a", 2048)), "--support-url must be"},

		{"name", checkName("--first-name", "Grace"), ""},
		{"empty name", checkName("--first-name", ""), ""},
		{"name that contains a URL", checkName("--first-name", "www.example.com"), "--first-name must not contain a URL"},
		{"name that is too long", checkName("--last-name", strings.Repeat("n", 101)), "--last-name must have at most 100 characters"},
		{"name of an application", checkText("--name", companyName, strings.Repeat("n", 200)), ""},
		{"company of blanks", checkText("NAME", companyName, " "), "NAME must not be blank"},
		{"e-mail address", checkText("EMAIL", email, "Grace@Example.com"), ""},
		{"e-mail address without @", checkText("EMAIL", email, "grace"), "EMAIL must be"},
	} {
		got := fmt.Sprint(row.err)
		if row.err == nil {
			got = ""
		}
		if !strings.HasPrefix(got, row.want) || (got == "") != (row.want == "") {
			t.Errorf("%s: error is %q, want %q", row.name, got, row.want)
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("%s: error repeats the value", row.name)
		}
	}
}

func TestParseOrigins(t *testing.T) {
	got, err := parseOrigins("planoship", []string{"https://Ship.Example:443/", "https://ship.example", "http://localhost:3000"})
	if want := []string{"https://ship.example", "http://localhost:3000"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("origins are %v (%v), want %v", got, err, want)
	}
}

// TestOriginChanges has a row per change of a list. want is the list after it or, after "!", the beginning of
// the error.
func TestOriginChanges(t *testing.T) {
	for _, row := range []struct{ name, before, add, remove, want string }{
		{"one more", "https://a.example", "https://b.example", "", "https://a.example https://b.example"},
		{"the first", "", "https://b.example", "", "https://b.example"},
		{"one that is there", "https://a.example", "https://A.example:443", "", "https://a.example"},
		{"one that is there in another form", "https://A.example/", "https://a.example", "", "https://A.example/"},
		{"one less", "https://a.example https://b.example", "", "https://A.example:443/", "https://b.example"},
		{"the last", "https://a.example", "", "https://a.example", ""},
		{"one that was never checked", "https://*.a.example https://b.example", "", "https://*.a.example", "https://b.example"},
		{"nonsense that was never checked", "nonsense more", "", "nonsense", "more"},
		{"one for another", "https://a.example", "https://b.example", "https://a.example", "https://b.example"},
		{"one that is not there", "https://a.example", "", "https://b.example", "!--remove-redirect-origin must be one of"},
		{"a path", "", "https://b.example/x", "", "!--add-redirect-origin must be an origin"},
		{"a wildcard", "", "https://*.b.example", "", "!--add-redirect-origin must be an origin"},
		{"too many", strings.Join(origins(99), " "), "https://b.example", "", "!--add-redirect-origin must leave the application at most 99"},
	} {
		changes := OriginChanges{Add: strings.Fields(row.add), Remove: strings.Fields(row.remove)}
		app := db.Application{Slug: "planoship", RedirectOrigins: strings.Fields(row.before)}
		err := changes.apply(&app)
		got := strings.Join(app.RedirectOrigins, " ")
		if err != nil {
			got = "!" + err.Error()
		}
		if refused := strings.HasPrefix(row.want, "!"); refused && !strings.HasPrefix(got, row.want) || !refused && got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestSchemas: openapi.yaml has a component of each name.
func TestSchemas(t *testing.T) {
	for _, schema := range schemas {
		if err := checkText("TEXT", schema, "\n"); err == nil || !strings.HasPrefix(err.Error(), "TEXT ") {
			t.Errorf("%s: a line break is accepted: %v", schema, err)
		}
	}
}

// TestAdmits: --admits takes the roles of db.Roles and no others.
func TestAdmits(t *testing.T) {
	field, _ := reflect.TypeFor[ApplicationSettings]().FieldByName("Admits")
	if got, want := field.Tag.Get("enum"), strings.Join(db.RoleNames(db.Roles), ","); got != want {
		t.Errorf("--admits takes %s, want %s", got, want)
	}
}

// TestApply: only the columns that were passed change.
func TestApply(t *testing.T) {
	before := db.Application{Slug: "planoship", Name: "PlanoShip", Admits: []db.Role{"client"}, SignInMail: true}
	for _, row := range []struct {
		name     string
		settings ApplicationSettings
		columns  string
		want     func(*db.Application)
	}{
		{"nothing", ApplicationSettings{}, "", func(*db.Application) {}},
		{"a name", ApplicationSettings{Name: new("Ship")}, "name", func(app *db.Application) { app.Name = "Ship" }},
		{"an empty url", ApplicationSettings{URL: new("")}, "url", func(app *db.Application) { app.URL = "" }},
		{"kinds, sorted and each once", ApplicationSettings{Admits: []db.Role{"liaison", "client", "client"}}, "admits",
			func(app *db.Application) { app.Admits = []db.Role{"client", "liaison"} }},
		{"two booleans", ApplicationSettings{LegacySlugs: new(true), SignInMail: new(false)}, "legacy_slugs sign_in_mail",
			func(app *db.Application) { app.LegacySlugs, app.SignInMail = true, false }},
		{"looks", ApplicationSettings{AccentColor: new("#3366CC"), SupportURL: new("mailto:help@ship.example")}, "accent_color support_url",
			func(app *db.Application) { app.AccentColor, app.SupportURL = "#3366cc", "mailto:help@ship.example" }},
		{"no logo", ApplicationSettings{Logo: []byte{}}, "logo", func(*db.Application) {}},
		{"no origins", ApplicationSettings{RedirectOrigin: []string{""}}, "redirect_origins",
			func(app *db.Application) { app.RedirectOrigins = []string{} }},
	} {
		got, want := before, before
		row.want(&want)
		columns, err := row.settings.apply(&got)
		if err != nil || strings.Join(columns, " ") != row.columns {
			t.Errorf("%s: columns are %v (%v), want %s", row.name, columns, err, row.columns)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: application is %v, want %v", row.name, got, want)
		}
	}
	// All that is wrong is said, and the error names the first flag.
	_, err := (&ApplicationSettings{URL: new("x"), Admits: []db.Role{}, RedirectOrigin: []string{"x"}, AccentColor: new("x"), Logo: []byte("x"), SupportURL: new("x")}).
		apply(&db.Application{Slug: "planoship"})
	invalid, _ := err.(Invalid)
	var params []string
	for _, wrong := range invalid {
		params = append(params, wrong.Param)
	}
	if got := strings.Join(params, " "); got != "url admits redirect_origins accent_color logo support_url" || !strings.HasPrefix(fmt.Sprint(err), "--url must be") {
		t.Errorf("wrong are %s: %v", got, err)
	}
	if _, err := (&ApplicationSettings{RedirectOrigin: []string{"https://a.example"}}).apply(&db.Application{Slug: "planoauth"}); err == nil || !strings.HasPrefix(err.Error(), "--redirect-origin cannot be set") {
		t.Errorf("planoauth gets a redirect origin: %v", err)
	}
}
