package mailer

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
)

func parseTemplates(t *testing.T) Templates {
	t.Helper()
	templates, err := ParseTemplates()
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

// TestWrite writes a mail of every kind with facts that contain markup and line breaks.
func TestWrite(t *testing.T) {
	const link = "https://auth.example/magic?token=plal_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx"
	// The kinds with a link, and how long it works.
	lifetimes := map[Kind]string{MagicLink: "15 minutes", PasswordReset: "1 hour", Welcome: "7 days", Verification: "7 days",
		Invitation: "24 hours", EmailChange: "1 hour", EmailChangeByAdmin: "24 hours", EmailChanged: "72 hours"}
	app := &db.Application{Name: "Plano<i>Order\r\nBcc: all"}
	templates := parseTemplates(t)
	for _, kind := range Kinds {
		t.Run(string(kind), func(t *testing.T) {
			user := &db.User{FirstName: "<b>Ada\nLovelace", Email: "ada@example.com"}
			facts := Facts{Time: time.Date(2031, 5, 1, 10, 0, 0, 0, time.UTC), IP: "192.0.2.7", UserAgent: "<u>Browser\nX", Lifetime: "24 hours", Role: "an employee"}
			lifetime, links := lifetimes[kind], 0
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
			if strings.ContainsAny(m.Subject, "\r\n") || m.Subject == "" || strings.Contains(m.TextBody, "Ada\n") || strings.Contains(m.TextBody, "Order\n") {
				t.Errorf("a fact starts a line: %q %q", m.Subject, m.TextBody)
			}
			if strings.Contains(m.TextBody, "<h1") || !strings.HasPrefix(m.TextBody, "Hello <b>Ada Lovelace,\n\n") {
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
			user.FirstName = ""
			if m, err := templates.Write(kind, user, app, facts); err != nil || !strings.HasPrefix(m.TextBody, "Hello,\n") {
				t.Errorf("without a name the text is %q %v", m.TextBody, err)
			}
		})
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

// TestUserAgentsWithURLs are not shown: a stranger could register an address and send its owner links that
// way.
func TestUserAgentsWithURLs(t *testing.T) {
	templates := parseTemplates(t)
	for userAgent, shown := range map[string]bool{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":                                                   true,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0":                                                      true,
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                                            true,
		"Mozilla/5.0 (Linux; Android 13; SM-G991B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.109 Mobile Safari/537.36": true,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Mobile/15E148 [FBAN/FBIOS;FBAV/443.0.0.37.116;FBDV/iPhone14,5;FBSV/17.1]":                                   true,
		"MyApp/1 CFNetwork/1408.0.4 Darwin/22.5.0": true,
		"curl/8.4.0": true,
		"Your account is locked: https://evil.example": false,
		"go to evil1.com at once":                      false,
		"Visit 888.com now":                            false,
		"Visit 888.com/1.0 now":                        false,
		"Visit 1.com":                                  false,
		"Visit EVIL.COM":                               false,
		"Visit X.Li":                                   false,
		"Visit evil.unknown":                           false,
		"Visit evil . com":                             false,
		"Visit evil dot com":                           false,
		"Visit evil[.]unknown":                         false,
		"Visit 203.0.113.7":                            false,
		"Visit/203.0.113.7":                            false,
		"Visit [2001:db8::7]":                          false,
		"Visit 2001:db8::7/x":                          false,
		"Visit evil.xn--p1ai":                          false,
		"Visit //evil":                                 false,
		`Visit \\evil\share`:                           false,
		"Visit hxxp:evil.com":                          false,
		"Visit www.evil":                               false,
		"Visit localhost:8080":                         false,
		"Visit evil\u3002com":                          false,
		"Visit \u0435vil.com":                          false,
		"Mail ada@evil.com":                            false,
		"Mail mailto:ada":                              false,
	} {
		m, err := templates.Write(SignIn, &db.User{}, &db.Application{}, Facts{UserAgent: userAgent})
		if err != nil || strings.Contains(m.TextBody, userAgent) != shown || strings.Contains(m.HTMLBody, userAgent) != shown {
			t.Errorf("%s is shown: %q %v", userAgent, m.TextBody, err)
		}
	}
}
