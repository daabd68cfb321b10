package tests

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/mailer"
)

// logo returns a PNG with a side of this many pixels.
func logo(t testing.TB, side int) []byte {
	t.Helper()
	var image64 bytes.Buffer
	check(t, png.Encode(&image64, image.NewGray(image.Rect(0, 0, side, side))))
	return image64.Bytes()
}

// applicationID returns the id of the application with a slug.
func (e *env) applicationID(slug string) (id int64) {
	e.t.Helper()
	check(e.t, e.pool.QueryRow(e.t.Context(), "SELECT id FROM applications WHERE slug = $1", slug).Scan(&id))
	return id
}

func TestApplications(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.api = connect(t, e.replica(cheapSettings, &mailer.Mailbox{}), e.http)
	token := client.WithToken(e.employee("admin"))
	made := want[client.ApplicationsCreateActionSuccessful](e.api.ApplicationsCreate(t.Context(), client.ApplicationsCreateParams{
		Slug: "planoship", Name: "PlanoShip", URL: "https://ship.example/home", RedirectOrigins: []string{"https://Beta.Ship.example:443/"},
		Admits: []string{"liaison", "client", "client"}, SignInMail: true, AccentColor: "#3366CC", SupportURL: "mailto:help@ship.example",
		Logo: base64.StdEncoding.EncodeToString(logo(t, 2)), View: client.Full,
	}, token))(t).Data
	if made.Slug != "planoship" || made.Name != "PlanoShip" || made.URL != "https://ship.example/home" || !slices.Equal(made.RedirectOrigins, []string{"https://beta.ship.example"}) ||
		!slices.Equal(made.Admits, []string{"client", "liaison"}) || made.LegacySlugs || !made.SignInMail || made.AccentColor != "#3366cc" ||
		made.SupportURL != "mailto:help@ship.example" || !made.HasLogo || len(made.Tokens) != 0 || made.CreatedAt.IsZero() {
		t.Errorf("the new application is %+v", made)
	}
	want[client.SlugTaken](e.api.ApplicationsCreate(t.Context(), client.ApplicationsCreateParams{Slug: "planoship", Name: "Again"}, token))(t)
	want[client.SlugTaken](e.api.ApplicationsCreate(t.Context(), client.ApplicationsCreateParams{Slug: "planoauth", Name: "Again"}, token))(t)
	plain := want[client.ApplicationsCreateActionSuccessful](e.api.ApplicationsCreate(t.Context(), client.ApplicationsCreateParams{Slug: "plain", Name: "Plain", View: client.Full}, token))(t).Data
	if !slices.Equal(plain.Admits, []string{"client"}) || plain.URL != "" || len(plain.RedirectOrigins) != 0 || plain.AccentColor != "" || plain.HasLogo {
		t.Errorf("an application by its name alone is %+v", plain)
	}

	// It counts on every replica, as one that was made by SQL.
	ada := e.user(person{client: true})
	signIn := func(replica *env, redirect string) string {
		outcome, err := replica.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: ada, Password: goodPassword, Application: "planoship", RedirectURL: redirect})
		check(t, err)
		return outcome.Slug()
	}
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "signing in", func() bool {
			return strings.HasPrefix(signIn(replica, "https://beta.ship.example/x"), "mandrill") || signIn(replica, "https://ship.example/x") == "action-successful"
		})
	}
	changed := want[client.ApplicationsUpdateActionSuccessful](e.api.ApplicationsUpdate(t.Context(), client.ApplicationsUpdateParams{
		ID: made.ID, Name: new("Ship"), URL: new(""), RedirectOrigins: []string{}, Admits: &[]string{"employee"}, SignInMail: new(false),
		AccentColor: new(""), SupportURL: new(""), Logo: new(""), View: client.Full,
	}, token))(t).Data
	if changed.Name != "Ship" || changed.URL != "" || len(changed.RedirectOrigins) != 0 || !slices.Equal(changed.Admits, []string{"employee"}) || changed.SignInMail ||
		changed.AccentColor != "" || changed.SupportURL != "" || changed.HasLogo || changed.Slug != "planoship" || !changed.CreatedAt.Equal(made.CreatedAt) {
		t.Errorf("the changed application is %+v", changed)
	}
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "the change counts", func() bool {
			return signIn(replica, "") == "user-requires-role" && signIn(replica, "https://ship.example/x") == "invalid-param"
		})
	}
	want[client.ApplicationsUpdateActionSuccessful](e.api.ApplicationsUpdate(t.Context(), client.ApplicationsUpdateParams{ID: made.ID, LegacySlugs: new(true)}, token))(t)
	read := want[client.ApplicationsReadActionSuccessful](e.api.ApplicationsRead(t.Context(), client.ApplicationsReadParams{ID: made.ID, View: client.Full}, token))(t).Data
	if read.Name != "Ship" || !read.LegacySlugs || read.SignInMail {
		t.Errorf("after a change of one setting the application is %+v", read)
	}
	small := want[client.ApplicationsReadActionSuccessful](e.api.ApplicationsRead(t.Context(), client.ApplicationsReadParams{ID: made.ID, View: client.Minimal}, token))(t).Data
	usual := want[client.ApplicationsReadActionSuccessful](e.api.ApplicationsRead(t.Context(), client.ApplicationsReadParams{ID: made.ID}, token))(t).Data
	if small.Slug != "planoship" || small.Admits != nil || !small.CreatedAt.IsZero() || usual.Admits == nil || usual.CreatedAt.IsZero() || usual.Tokens != nil || usual.RedirectOrigins != nil {
		t.Errorf("the view minimal is %+v, the view default %+v", small, usual)
	}
	if own := want[client.ApplicationsReadActionSuccessful](e.api.ApplicationsRead(t.Context(), client.ApplicationsReadParams{ID: e.applicationID("planoauth")}, token))(t).Data; own.URL != "https://auth.example" {
		t.Errorf("the url of planoauth is %s", own.URL)
	}
	if n := e.count("audit_events WHERE application = 'planoship' AND operation IN ('applicationsCreate', 'applicationsUpdate') AND status = 'action-successful'"); n != 3 {
		t.Errorf("there are %d audit events of changes, not 3", n)
	}
}

// TestApplicationSettings: what is refused changes nothing, and the answer names the param and the rule.
func TestApplicationSettings(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := client.WithToken(e.employee("admin"))
	order, own := e.applicationID("planoorder"), e.applicationID("planoauth")
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("https://a%d.example", i)
	}
	encoded := base64.StdEncoding.EncodeToString
	large := append(logo(t, 2), make([]byte, 32<<10)...)
	before := e.state()
	for _, row := range []struct {
		name   string
		params client.ApplicationsUpdateParams
		want   string
	}{
		{"an unknown application", client.ApplicationsUpdateParams{ID: 77, Name: new("x")}, "id exists"},
		{"a name of blanks", client.ApplicationsUpdateParams{ID: order, Name: new(" ")}, "name pattern"},
		{"a url without TLS", client.ApplicationsUpdateParams{ID: order, URL: new("http://order.example")}, "url format"},
		{"a url with a wildcard", client.ApplicationsUpdateParams{ID: order, URL: new("https://*.order.example")}, "url format"},
		{"nobody is admitted", client.ApplicationsUpdateParams{ID: order, Admits: &[]string{}}, "admits minLength"},
		{"a kind that is none", client.ApplicationsUpdateParams{ID: order, Admits: &[]string{"client", "boss"}}, "admits.1 enum"},
		{"an origin with a path", client.ApplicationsUpdateParams{ID: order, RedirectOrigins: []string{"https://order.example/x"}}, "redirect_origins format"},
		{"an origin with a wildcard", client.ApplicationsUpdateParams{ID: order, RedirectOrigins: []string{"https://*.order.example"}}, "redirect_origins format"},
		{"an empty origin", client.ApplicationsUpdateParams{ID: order, RedirectOrigins: []string{""}}, "redirect_origins.0 minLength"},
		{"100 origins", client.ApplicationsUpdateParams{ID: order, RedirectOrigins: many}, "redirect_origins maxLength"},
		{"a color by name", client.ApplicationsUpdateParams{ID: order, AccentColor: new("red")}, "accent_color pattern"},
		{"support by script", client.ApplicationsUpdateParams{ID: order, SupportURL: new("javascript:alert(1)")}, "support_url format"},
		{"a logo that is no base64", client.ApplicationsUpdateParams{ID: order, Logo: new("?")}, "logo format"},
		{"a logo that is no image", client.ApplicationsUpdateParams{ID: order, Logo: new(encoded([]byte("<svg/>")))}, "logo format"},
		{"a logo of more than 32 KiB", client.ApplicationsUpdateParams{ID: order, Logo: new(encoded(large))}, "logo maxLength"},
		{"several", client.ApplicationsUpdateParams{ID: order, SupportURL: new("x"), URL: new("x"), Admits: &[]string{}}, "url format, admits minLength, support_url format"},
		{"a url of planoauth", client.ApplicationsUpdateParams{ID: own, URL: new("https://evil.example")}, "url allowed"},
		{"an origin of planoauth", client.ApplicationsUpdateParams{ID: own, RedirectOrigins: []string{"https://evil.example"}}, "redirect_origins allowed"},
		{"planoauth without employees", client.ApplicationsUpdateParams{ID: own, Admits: &[]string{"client"}}, "admits allowed"},
	} {
		outcome := want[client.InvalidParam](e.api.ApplicationsUpdate(t.Context(), row.params, token))(t)
		var got []string
		for _, broken := range outcome.Errors {
			got = append(got, broken.Param+" "+string(broken.Rule))
		}
		if strings.Join(got, ", ") != row.want {
			t.Errorf("%s: %v, want %s", row.name, got, row.want)
		}
	}
	if after := e.state(); after != before {
		t.Errorf("refused changes have changed the database from %s to %s", before, after)
	}
	exact := append(logo(t, 2), make([]byte, 32<<10-len(logo(t, 2)))...)
	want[client.ApplicationsUpdateActionSuccessful](e.api.ApplicationsUpdate(t.Context(), client.ApplicationsUpdateParams{ID: order, Logo: new(encoded(exact))}, token))(t)
	want[client.ApplicationsUpdateActionSuccessful](e.api.ApplicationsUpdate(t.Context(), client.ApplicationsUpdateParams{ID: own, SignInMail: new(true), Admits: &[]string{"employee"}}, token))(t)
	for name, params := range map[string]client.ApplicationsCreateParams{
		"slug pattern":   {Slug: "PlanoShip", Name: "x"},
		"slug maxLength": {Slug: strings.Repeat("a", 64), Name: "x"},
		"url format":     {Slug: "x", Name: "x", URL: "ship.example"},
		"logo format":    {Slug: "x", Name: "x", Logo: "?"},
	} {
		outcome := want[client.InvalidParam](e.api.ApplicationsCreate(t.Context(), params, token))(t)
		if got := outcome.Errors[0].Param + " " + string(outcome.Errors[0].Rule); len(outcome.Errors) != 1 || got != name {
			t.Errorf("%s: %+v", name, outcome.Errors)
		}
	}
}

func TestApplicationsIndex(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec("INSERT INTO applications (slug, name) VALUES ('a_b', 'Alpha'), ('axb', 'Beta')")
	token := client.WithToken(e.employee("viewer"))
	term := func(term string) client.ApplicationsIndexSearch { return client.ApplicationsIndexSearch{Term: term} }
	checkList(t, []listRow[client.ApplicationsIndexParams]{
		{"by slug", client.ApplicationsIndexParams{}, "a_b axb planoauth planoorder planox2"},
		{"by slug, the last first", client.ApplicationsIndexParams{Sort: client.ApplicationsIndexSort{By: "slug", Order: "desc"}}, "planox2 planoorder planoauth axb a_b"},
		{"a slug", client.ApplicationsIndexParams{Search: term("ORDER")}, "planoorder"},
		{"a name", client.ApplicationsIndexParams{Search: term("alpha")}, "a_b"},
		{"an underscore", client.ApplicationsIndexParams{Search: term("a_b")}, "a_b"},
		{"nothing", client.ApplicationsIndexParams{Search: term("nothing")}, ""},
	}, func(p client.ApplicationsIndexParams, page client.ListPage) (list[client.Application], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.ApplicationsIndexActionSuccessful](e.api.ApplicationsIndex(t.Context(), p, token))
		return list[client.Application]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(a client.Application) string { return a.Slug })
}

func TestTokensOfApplications(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := client.WithToken(e.employee("admin"))
	order, session := e.applicationID("planoorder"), e.signIn(e.user(person{client: true}))
	create := func() client.NewApplicationToken {
		t.Helper()
		return want[client.ApplicationsTokenCreateActionSuccessful](e.api.ApplicationsTokenCreate(t.Context(), client.ApplicationsTokenCreateParams{ID: order}, admin))(t).Data
	}
	tokens := func() []client.ApplicationToken {
		t.Helper()
		return want[client.ApplicationsReadActionSuccessful](e.api.ApplicationsRead(t.Context(), client.ApplicationsReadParams{ID: order, View: client.Full}, admin))(t).Data.Tokens
	}
	first, second := create(), create()
	for _, token := range []client.NewApplicationToken{first, second} {
		e.within(busyLimit, "a new token counts", func() bool { return e.readAs(token.Token, "x") == "invalid-token session_token" })
	}
	if list := tokens(); len(list) != 2 || list[0].ID != first.ID || list[1].ID != second.ID || !list[0].CreatedAt.Equal(first.CreatedAt) {
		t.Errorf("the tokens are %+v", list)
	}
	list := want[client.ApplicationsIndexActionSuccessful](e.api.ApplicationsIndex(t.Context(), client.ApplicationsIndexParams{View: client.Full}, admin))(t).Data.Results
	if got := fmt.Sprint(len(list[0].Tokens), len(list[1].Tokens), len(list[2].Tokens)); got != "0 2 0" {
		t.Errorf("the applications have %s tokens", got)
	}

	// A use is saved soon, and then at most once a minute.
	used := func() time.Time { return tokens()[0].LastUsedAt }
	e.within(busyLimit, "the first use is saved", func() bool { return !used().IsZero() })
	before := used()
	e.clock.move(50 * time.Second)
	e.readAs(first.Token, session)
	e.clock.move(11 * time.Second)
	e.readAs(second.Token, session) // what is saved with it would show the use before
	e.within(busyLimit, "the use of the other one is saved", func() bool { return tokens()[1].LastUsedAt.After(before.Add(time.Minute)) })
	if !used().Equal(before) {
		t.Errorf("a second use within a minute is saved: %v after %v", used(), before)
	}
	e.readAs(first.Token, session)
	e.within(busyLimit, "a use after a minute is saved", func() bool { return used().After(before.Add(time.Minute)) })

	remove := func(app, token int64) client.Outcome {
		t.Helper()
		outcome, err := e.api.ApplicationsTokenDelete(t.Context(), client.ApplicationsTokenDeleteParams{ID: app, TokenID: token, View: client.Full}, admin)
		check(t, err)
		return outcome
	}
	for _, row := range []struct {
		name       string
		app, token int64
		want       string
	}{
		{"another application's", e.applicationID("planox2"), first.ID, "token_id"},
		{"an unknown one", order, 77, "token_id"},
		{"of an unknown application", 77, first.ID, "id"},
	} {
		if refused, ok := remove(row.app, row.token).(client.InvalidParam); !ok || refused.Errors[0].Param != row.want || refused.Errors[0].Rule != "exists" {
			t.Errorf("%s: %+v", row.name, refused)
		}
	}
	if done, ok := remove(order, first.ID).(client.ApplicationsTokenDeleteActionSuccessful); !ok || len(done.Data.Tokens) != 1 || done.Data.Tokens[0].ID != second.ID {
		t.Errorf("after the first token is revoked the application is %+v", done.Data)
	}
	e.within(busyLimit, "the revoked token is refused", func() bool { return e.readAs(first.Token, session) == "invalid-token token" })
	if got := e.readAs(second.Token, session); got != "action-successful" {
		t.Errorf("with the other token it answers %s", got)
	}
	want[client.InvalidParam](e.api.ApplicationsTokenCreate(t.Context(), client.ApplicationsTokenCreateParams{ID: 77}, admin))(t)
	want[client.InvalidParam](e.api.ApplicationsRead(t.Context(), client.ApplicationsReadParams{ID: 77}, admin))(t)
	if strings.Contains(e.state(), first.Token[5:]) || strings.Contains(e.logs.String(), first.Token[5:]) {
		t.Error("a token is stored or logged")
	}
}

// TestTooManyTokens: of those who add the hundredth token at the same time, one does.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := client.WithToken(e.employee("admin"))
	order := e.applicationID("planoorder")
	e.exec("INSERT INTO application_tokens (application_id, token_digest, created_at) SELECT $1, n::text::bytea, now() FROM generate_series(1, 99) n", order)
	slugs := make([]string, 4)
	var together sync.WaitGroup
	for i := range slugs {
		together.Go(func() {
			outcome, err := e.api.ApplicationsTokenCreate(t.Context(), client.ApplicationsTokenCreateParams{ID: order}, admin)
			if err == nil {
				slugs[i] = outcome.Slug()
			}
		})
	}
	together.Wait()
	slices.Sort(slugs)
	if got := strings.Join(slugs, " "); got != "action-successful invalid-param invalid-param invalid-param" || e.count("application_tokens") != 100 {
		t.Errorf("they answer %s", got)
	}
}

func TestLogo(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.url = e.replica(cheapSettings, &mailer.Mailbox{})
	token := client.WithToken(e.employee("admin"))
	order := e.applicationID("planoorder")
	set := func(logo []byte) {
		t.Helper()
		want[client.ApplicationsUpdateActionSuccessful](e.api.ApplicationsUpdate(t.Context(), client.ApplicationsUpdateParams{ID: order, Logo: new(base64.StdEncoding.EncodeToString(logo))}, token))(t)
	}
	get := func(e *env, method string, headers ...string) answer {
		return e.send(method, "/applications/planoorder/logo", nil, headers...)
	}
	if a := get(e, "GET"); a.code != http.StatusNotFound {
		t.Errorf("without a logo: %d", a.code)
	}
	set(logo(t, 2))
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "the logo is there", func() bool { return get(replica, "GET").code == http.StatusOK })
	}
	e.counted.take()
	a := get(e, "GET")
	tag := a.header.Get("ETag")
	if a.text != string(logo(t, 2)) || a.header.Get("Content-Type") != "image/png" || a.header.Get("X-Content-Type-Options") != "nosniff" ||
		a.header.Get("Cache-Control") != "public, no-cache" || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") || len(tag) < 20 {
		t.Errorf("the logo is %v", a.header)
	}
	for name, headers := range map[string][]string{"the tag": {"If-None-Match", tag}, "one of two tags": {"If-None-Match", `"x", W/` + tag}} {
		if a := get(e, "GET", headers...); a.code != http.StatusNotModified || a.text != "" || a.header.Get("ETag") != tag {
			t.Errorf("with %s: %d", name, a.code)
		}
	}
	if a := get(e, "GET", "If-None-Match", `"x"`); a.code != http.StatusOK {
		t.Errorf("with another tag: %d", a.code)
	}
	if a := get(e, "HEAD"); a.code != http.StatusOK || a.text != "" || a.header.Get("Content-Type") != "image/png" {
		t.Errorf("HEAD: %d", a.code)
	}
	if asked := e.counted.take(); len(asked) != 0 {
		t.Errorf("a logo that was read before takes %v", asked)
	}
	for _, slug := range []string{"planox2", "nothing", "%2e%2e", "planoorder%00"} {
		if a := e.send("GET", "/applications/"+slug+"/logo", nil); a.code != http.StatusNotFound {
			t.Errorf("the logo of %s: %d", slug, a.code)
		}
	}
	set(logo(t, 3))
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "the new logo is there", func() bool { return get(replica, "GET", "If-None-Match", tag).text == string(logo(t, 3)) })
	}
	// What is no image is not served, whoever wrote it.
	e.exec("UPDATE applications SET logo = '<script>alert(1)</script>' WHERE id = $1", order)
	e.within(busyLimit, "what is no image is gone", func() bool { return get(e, "GET").code == http.StatusNotFound })
	set(nil)
	if e.count("applications WHERE logo IS NOT NULL OR logo_digest IS NOT NULL") != 0 {
		t.Error("an empty logo does not remove it")
	}
}
