package mailer

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/web"
)

const publicURL = "https://auth.example"

func parseTemplates(t *testing.T) *Templates {
	t.Helper()
	templates, err := ParseTemplates(publicURL)
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

// eachMail runs a test for every kind in every language.
func eachMail(t *testing.T, test func(t *testing.T, kind Kind, language web.Language)) {
	for _, kind := range Kinds {
		for _, language := range web.Languages {
			t.Run(string(kind)+"/"+string(language), func(t *testing.T) { test(t, kind, language) })
		}
	}
}

// lifetimes are the kinds with a link, and how long it works.
var lifetimes = map[web.Language]map[Kind]string{
	web.English: {MagicLink: "15 minutes", PasswordReset: "1 hour", Welcome: "7 days", Verification: "7 days",
		Invitation: "24 hours", EmailChange: "1 hour", EmailChangeByAdmin: "24 hours", EmailChanged: "72 hours"},
	web.Spanish: {MagicLink: "15 minutos", PasswordReset: "1 hora", Welcome: "7 días", Verification: "7 días",
		Invitation: "24 horas", EmailChange: "1 hora", EmailChangeByAdmin: "24 horas", EmailChanged: "72 horas"},
}

const link = "https://auth.example/magic?token=plal_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx"

// TestWords: each kind has all its words in each language, and none that no layout shows.
func TestWords(t *testing.T) {
	t.Parallel()
	templates := parseTemplates(t)
	shared := []string{"words.tmpl", "greeting", "request", "fallback", "sent", "help", "device", "lifetime", "role"}
	eachMail(t, func(t *testing.T, kind Kind, language web.Language) {
		needed := append([]string{string(kind) + ".tmpl", "subject", "title", "lead", "details"}, shared...)
		if lifetimes[language][kind] != "" {
			needed = append(needed, "label", "note")
		}
		var defined []string
		for _, block := range templates.words[kind][language].Templates() {
			if name := block.Name(); name != "facts" {
				defined = append(defined, name)
			}
		}
		slices.Sort(needed)
		if slices.Sort(defined); !slices.Equal(defined, needed) {
			t.Errorf("defined are %v, not %v", defined, needed)
		}
		english := templates.words[kind][web.English].Lookup("facts") != nil
		if facts := templates.words[kind][language].Lookup("facts") != nil; facts != english {
			t.Errorf("there are facts: %t, in English: %t", facts, english)
		}
	})
}

// TestWrite writes a mail of every kind with facts that contain markup and line breaks.
func TestWrite(t *testing.T) {
	t.Parallel()
	app := &db.Application{Name: "Plano<i>Order\r\nBcc: all"}
	templates := parseTemplates(t)
	greetings := map[web.Language][2]string{
		web.English: {"Hello <b>Ada Lovelace,\n\n", "Hello,\n\n"}, web.Spanish: {"Hola, <b>Ada Lovelace:\n\n", "Hola:\n\n"},
	}
	eachMail(t, func(t *testing.T, kind Kind, language web.Language) {
		user := &db.User{FirstName: "<b>Ada\nLovelace", LastName: "King\r\nBcc: all", Email: "ada@example.com", Locale: string(language)}
		facts := Facts{
			Time: time.Date(2031, 5, 1, 10, 0, 0, 0, time.UTC), IP: "192.0.2.7", UserAgent: "<u>Browser\nX", Lifetime: 24 * time.Hour, Role: db.RoleEmployee,
		}
		lifetime, links := lifetimes[language][kind], 0
		if lifetime != "" {
			facts.Link, links = link, 1
		}
		m, err := templates.Write(kind, user, app, facts)
		if err != nil {
			t.Fatal(err)
		}
		if Kind(m.Kind) != kind || m.ToEmail != user.Email || !m.CreatedAt.Equal(facts.Time) {
			t.Errorf("the mail is %+v", m)
		}
		for _, markup := range []string{"<b>", "<i>", "<u>"} {
			if strings.Contains(m.HTMLBody, markup) {
				t.Errorf("a fact is markup: %s", m.HTMLBody)
			}
		}
		if !strings.Contains(m.HTMLBody, `<html lang="`+string(language)+`">`) || strings.Contains(m.HTMLBody, "ZgotmplZ") {
			t.Errorf("the HTML is %s", m.HTMLBody)
		}
		if strings.ContainsAny(m.Subject+m.ToName, "\r\n") || m.Subject == "" || strings.Contains(m.TextBody, "Ada\n") || strings.Contains(m.TextBody, "Order\n") {
			t.Errorf("a fact starts a line: %q %q %q", m.Subject, m.ToName, m.TextBody)
		}
		if strings.Contains(m.TextBody, "<h1") || !strings.HasPrefix(m.TextBody, greetings[language][0]) || strings.Contains(m.TextBody, "\n\n\n") {
			t.Errorf("the text is %q", m.TextBody)
		}
		if hrefs, texts, err := countLinks(m.HTMLBody, link); err != nil || hrefs != links || texts != links {
			t.Errorf("the link is there %d times to click and %d times to read; %v", hrefs, texts, err)
		}
		if strings.Count(m.TextBody, "\n"+link+"\n") != links || strings.Count(m.TextBody, "token=") != links {
			t.Errorf("the link is not on a line of its own: %q", m.TextBody)
		}
		if !strings.Contains(m.TextBody, lifetime) || !strings.Contains(m.HTMLBody, lifetime) {
			t.Errorf("the lifetime %s is not mentioned", lifetime)
		}
		if links == 1 && strings.Count(m.HTMLBody[:strings.Index(m.HTMLBody, "<a ")], "<p ") != 1 {
			t.Errorf("more than one sentence stands before the button: %s", m.HTMLBody)
		}
		user.FirstName = ""
		if m, err := templates.Write(kind, user, app, facts); err != nil || !strings.HasPrefix(m.TextBody, greetings[language][1]) {
			t.Errorf("without a name the text is %q %v", m.TextBody, err)
		}
	})
}

// TestLanguage: a mail is in the language of the user, else in that of the request, else in English.
func TestLanguage(t *testing.T) {
	t.Parallel()
	templates := parseTemplates(t)
	for _, row := range []struct {
		name, locale string
		request      web.Language
		subject, at  string
	}{
		{"the user's", "es", web.English, "Se eliminó tu cuenta", "Cuándo: 1 sept 2031, 9:05\u00a0UTC\n"},
		{"the user's, whatever the request says", "en", web.Spanish, "Your account was deleted", "When: Sep 1, 2031, 9:05\u00a0AM\u00a0UTC\n"},
		{"the request's", "", web.Spanish, "Se eliminó tu cuenta", "Cuándo: 1 sept 2031, 9:05\u00a0UTC\n"},
		{"none", "", "", "Your account was deleted", "When: Sep 1, 2031, 9:05\u00a0AM\u00a0UTC\n"},
	} {
		facts := Facts{Time: time.Date(2031, 9, 1, 11, 5, 0, 0, time.FixedZone("", 7200)), Language: row.request}
		m, err := templates.Write(AccountDeleted, &db.User{Locale: row.locale}, &db.Application{}, facts)
		if err != nil || m.Subject != row.subject || !strings.Contains(m.TextBody, row.at) {
			t.Errorf("%s: it is %q, %q, %v", row.name, m.Subject, m.TextBody, err)
		}
	}
}

// TestRolesAndLifetimes are in the words of each language.
func TestRolesAndLifetimes(t *testing.T) {
	t.Parallel()
	templates := parseTemplates(t)
	for _, row := range []struct {
		language web.Language
		kind     Kind
		facts    Facts
		want     string
	}{
		{web.English, NewRecord, Facts{Role: db.RoleClient}, "You are a client at Plano now"},
		{web.English, NewRecord, Facts{Role: db.RoleEmployee}, "You are an employee at Plano now"},
		{web.English, NewRecord, Facts{Role: db.RoleLiaison}, "You are a liaison at Plano now"},
		{web.Spanish, NewRecord, Facts{Role: db.RoleClient}, "Ahora eres cliente de Plano"},
		{web.Spanish, NewRecord, Facts{Role: db.RoleEmployee}, "Ahora eres parte del personal de Plano"},
		{web.Spanish, NewRecord, Facts{Role: db.RoleLiaison}, "Ahora eres persona intermediaria de Plano"},
		{web.English, Invitation, Facts{Link: link, Lifetime: 7 * 24 * time.Hour}, "within 7 days."},
		{web.English, Invitation, Facts{Link: link, Lifetime: 24 * time.Hour}, "within 24 hours."},
		{web.Spanish, Invitation, Facts{Link: link, Lifetime: 7 * 24 * time.Hour}, "en 7 días."},
		{web.Spanish, Invitation, Facts{Link: link, Lifetime: 24 * time.Hour}, "en 24 horas."},
	} {
		row.facts.Language = row.language
		m, err := templates.Write(row.kind, &db.User{}, &db.Application{Name: "Plano"}, row.facts)
		if err != nil || !strings.Contains(m.Subject+m.TextBody, row.want) {
			t.Errorf("%q is not in %q %q %v", row.want, m.Subject, m.TextBody, err)
		}
	}
}

// TestBrand: mails wear the logo, the color and the support address of the application.
func TestBrand(t *testing.T) {
	t.Parallel()
	templates := parseTemplates(t)
	for _, row := range []struct {
		name            string
		app             db.Application
		shown, text     []string
		missing, noText string
	}{
		{"none", db.Application{Name: "Plano"}, []string{">Plano</td>", `bgcolor="#3745c4"`, ".button { background: #7b89ff !important }"}, nil, "<img", "Help"},
		{"all", db.Application{Slug: "plano-x2", Name: `Plano "X2"`, LogoDigest: "ab", AccentColor: "#ffd400", SupportURL: "https://plano.example/help?a=b"},
			[]string{`<img src="https://auth.example/applications/plano-x2/logo" alt=""`, `Plano &#34;X2&#34;</td>`, `bgcolor="#ffd400"`, "color:#15181e;text-align:center",
				".button { background: #ffd400 !important }", ".button a { color: #15181e !important }", `Help: <a href="https://plano.example/help?a=b"`},
			[]string{"\nHelp: https://plano.example/help\n"}, "#3745c4", "<"},
		{"an address", db.Application{SupportURL: "mailto:help@plano.example?subject=Hi"}, []string{`<a href="mailto:help@plano.example?subject=Hi"`, ">help@plano.example</a>"},
			[]string{"\nHelp: help@plano.example\n"}, "<img", "mailto"},
		{"what operators can write by SQL", db.Application{AccentColor: "red;}", SupportURL: "javascript:alert(1)"}, []string{`bgcolor="#3745c4"`}, nil, `"javascript:`, "<"},
	} {
		m, err := templates.Write(MagicLink, &db.User{}, &row.app, Facts{Link: link})
		if err != nil || strings.Contains(m.HTMLBody, row.missing) || strings.Contains(m.TextBody, row.noText) {
			t.Errorf("%s: %v, or it has %q or %q: %s\n%s", row.name, err, row.missing, row.noText, m.HTMLBody, m.TextBody)
		}
		for _, part := range row.shown {
			if !strings.Contains(m.HTMLBody, part) {
				t.Errorf("%s: the HTML has no %s: %s", row.name, part, m.HTMLBody)
			}
		}
		for _, part := range row.text {
			if !strings.Contains(m.TextBody, part) {
				t.Errorf("%s: the text has no %q: %q", row.name, part, m.TextBody)
			}
		}
	}
}

// TestColors: the colors are those of the pages.
func TestColors(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("../web/src/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	inLight, inDark, _ := strings.Cut(string(css), "prefers-color-scheme: dark")
	upper := regexp.MustCompile("[A-Z]")
	for scheme, c := range map[string]colors{inLight: light, inDark: dark} {
		for field, value := range reflect.ValueOf(c).Fields() {
			token := strings.TrimPrefix(upper.ReplaceAllStringFunc(field.Name, func(letter string) string { return "-" + strings.ToLower(letter) }), "-")
			if line := fmt.Sprintf(" --%s: %s;\n", token, value); !strings.Contains(scheme, line) {
				t.Errorf("tokens.css has no%s", line)
			}
		}
	}
	layout, err := templateFiles.ReadFile("templates/layout.html.tmpl")
	if color := regexp.MustCompile("#[0-9a-fA-F]{3,6}").Find(layout); color != nil || err != nil {
		t.Errorf("the layout has a color of its own, %s (%v)", color, err)
	}
}

// countLinks counts the elements that open a link, and the texts that show it. It reads HTML as lenient XML,
// and fails where tags do not match.
func countLinks(html, link string) (hrefs, texts int, _ error) {
	decoder := xml.NewDecoder(strings.NewReader(html))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, append(xml.HTMLAutoClose, "meta"), xml.HTMLEntity
	for {
		token, err := decoder.Token()
		switch token := token.(type) {
		case xml.StartElement:
			for _, attr := range token.Attr {
				if strings.Contains(attr.Value, link) && attr.Name.Local == "href" {
					hrefs++
				}
			}
		case xml.CharData:
			texts += strings.Count(string(token), link)
		}
		if err == io.EOF {
			return hrefs, texts, nil
		}
		if err != nil {
			return hrefs, texts, err
		}
	}
}

// TestDevices: a mail names the device by the User-Agent header, and shows nothing else of it. A stranger could
// register an address and send its owner texts and links that way.
func TestDevices(t *testing.T) {
	t.Parallel()
	const unknown = "unknown device"
	templates := parseTemplates(t)
	for userAgent, name := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":                                                   "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0":                                     "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1":                           "Safari on iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                                            "Firefox on Linux",
		"Mozilla/5.0 (Linux; Android 13; SM-G991B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.109 Mobile Safari/537.36": "Chrome on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) WebKit":                                                                                                            "macOS",
		"curl/8.4.0": unknown,
		"":           unknown,
		"Your account is locked: https://evil.example Firefox/1 Linux": "Firefox on Linux",
		"Visit 888.com now Chrome/":                                    "Chrome",
		"Visit evil dot com":                                           unknown,
		"<u>Browser\nX":                                                unknown,
	} {
		m, err := templates.Write(SignIn, &db.User{}, &db.Application{}, Facts{UserAgent: userAgent})
		if err != nil || !strings.Contains(m.TextBody, "\nWith: "+name+"\n") || !strings.Contains(m.HTMLBody, ">"+name+"</td>") {
			t.Errorf("%s is not shown as %s: %q %v", userAgent, name, m.TextBody, err)
		}
		if strings.Contains(m.HTMLBody+m.TextBody, "evil") || strings.Contains(m.TextBody, "888") {
			t.Errorf("%s is shown: %q", userAgent, m.TextBody)
		}
	}
	m, err := templates.Write(SignIn, &db.User{Locale: "es"}, &db.Application{}, Facts{UserAgent: "Firefox/145.0 Linux"})
	if err != nil || !strings.Contains(m.TextBody, "\nCon: Firefox en Linux\n") {
		t.Errorf("in Spanish it is %q %v", m.TextBody, err)
	}
}

// TestDevicesAreThoseOfThePages: the account page names a device as the mails do.
func TestDevicesAreThoseOfThePages(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../web/src/ui/device.ts")
	if err != nil {
		t.Fatal(err)
	}
	var mails, pages []string
	for _, d := range slices.Concat(browsers, systems) {
		mails = append(mails, d.pattern.String()+" "+d.name)
	}
	for _, row := range regexp.MustCompile(`(?m)^  \[/(.*)/, "(.*)"\],$`).FindAllStringSubmatch(string(source), -1) {
		pages = append(pages, strings.ReplaceAll(row[1], `\/`, "/")+" "+row[2])
	}
	if !slices.Equal(mails, pages) {
		t.Errorf("mails know %q, and the pages %q", mails, pages)
	}
}
