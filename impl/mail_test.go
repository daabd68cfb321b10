package impl

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMails writes every kind of mail with facts that try to be more than text.
func TestMails(t *testing.T) {
	mails, err := mailTemplates()
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{"magic_link", "password_removed", "password_reset", "password_set", "sign_in", "welcome"}
	lives := map[string]string{"magic_link": "15 minutes", "password_reset": "1 hour", "welcome": "7 days"}
	for _, kind := range kinds {
		if _, there := mails[kind]; !there {
			t.Errorf("there is no mail %s", kind)
		}
	}
	const link = "https://auth.example/magic?token=plal_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx"
	for kind, template := range mails {
		facts := mailFacts{
			FirstName: "<b>Ada\nLovelace", Email: "ada@example.com", Application: "Plano<i>Order\r\nBcc: all", Time: time.Date(2031, 5, 1, 10, 0, 0, 0, time.UTC),
			IP: "192.0.2.7", UserAgent: "<u>Browser\nX",
		}
		linked := lives[kind] != ""
		if linked {
			facts.Link = link
		}
		subject, text, html, err := template.write(facts)
		if err != nil {
			t.Fatal(kind, err)
		}
		for _, markup := range []string{"<b>", "<i>", "<u>"} {
			if strings.Contains(html, markup) {
				t.Errorf("%s: a fact is markup: %s", kind, html)
			}
		}
		if strings.ContainsAny(subject, "\r\n") || subject == "" || strings.Contains(text, "Ada\n") || strings.Contains(text, "Order\n") {
			t.Errorf("%s: a fact begins a line: %q %q", kind, subject, text)
		}
		if strings.Contains(text, "<h1") || !strings.HasPrefix(text, "Hello <b>Ada Lovelace,\n\n") {
			t.Errorf("%s: the text is %q", kind, text)
		}
		if hrefs, texts, err := linksOf(html, link); err != nil || hrefs != map[bool]int{true: 1}[linked] || texts != hrefs {
			t.Errorf("%s: the link is there %d times to click and %d times to read; %v", kind, hrefs, texts, err)
		}
		if linked && (strings.Count(text, "\n"+link+"\n") != 1 || strings.Count(text, "token=") != 1) {
			t.Errorf("%s: the link is not on a line of its own: %q", kind, text)
		}
		if life := lives[kind]; linked && (!strings.Contains(text, life) || !strings.Contains(html, life)) {
			t.Errorf("%s: it does not say %s", kind, life)
		}
		if facts.FirstName = ""; slices.Contains(kinds, kind) {
			if _, text, _, err := template.write(facts); err != nil || !strings.HasPrefix(text, "Hello,\n") {
				t.Errorf("%s: without a name the text is %q %v", kind, text, err)
			}
		}
	}
}

// linksOf counts the elements that open the link, and those that show it. It reads HTML as XML that is not strict, and fails
// where tags do not match.
func linksOf(html, link string) (hrefs, texts int, _ error) {
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

// TestDevicesThatAreURLs are not told of: whoever signs in to an account of their own making would write into another's mails.
func TestDevicesThatAreURLs(t *testing.T) {
	mails, err := mailTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for device, told := range map[string]bool{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36": true,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0":    true,
		"curl/8.4.0": true,
		"Your account is locked: https://evil.example": false,
		"go to evil1.com at once":                      false,
	} {
		_, text, html, err := mails["sign_in"].write(mailFacts{UserAgent: device})
		if err != nil || strings.Contains(text, device) != told || strings.Contains(html, device) != told {
			t.Errorf("%s is told of: %q %v", device, text, err)
		}
	}
}
