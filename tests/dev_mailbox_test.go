package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/mailer"
)

// getFrom requests a page under a name of the machine, as a browser does, in this language.
func (e *env) getFrom(host, path, language string) answer {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), "GET", e.url+path, nil)
	check(e.t, err)
	req.Host = host
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	req.Header.Set("Accept-Language", language)
	res, err := e.http.Do(req)
	check(e.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(e.t, err)
	return answerOf(res, text)
}

// startMailbox starts a server that keeps these mails instead of sending them.
func startMailbox(t *testing.T, mails ...db.Mail) (*env, *mailer.Mailbox) {
	box := &mailer.Mailbox{}
	for _, mail := range mails {
		check(t, box.Send(t.Context(), &mail))
	}
	return start(t, func(o *options) { o.mailer = box }), box
}

// TestDevMailbox reads mails on the pages of the development mailbox. They are shown as they are, and only under a
// name of this machine.
func TestDevMailbox(t *testing.T) {
	t.Parallel()
	const markup = `<head></head><p style="color:red"><script>alert(1)</script><a target="_blank" href="https://x.example">x</a>`
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e, _ := startMailbox(t,
		db.Mail{ID: 7, Subject: "An old one", ToEmail: "ada@example.com", TextBody: "Hello", HTMLBody: "<p>Hello", CreatedAt: at},
		db.Mail{ID: 8, Kind: "magic_link", Subject: "<b>New</b>", ToName: "<i>Ada", ToEmail: "ada@example.com", CreatedAt: at, HTMLBody: markup,
			TextBody: "Open https://auth.example/magic?token=plal_7&x=1. Or (https://b.example/).\n<b>"})
	own := strings.TrimPrefix(e.url, "http://")
	for _, row := range []struct{ name, path, want, lacks string }{
		{"the list has the newest mail first", "/dev/mail", "&lt;b&gt;New&lt;/b&gt;", "<b>New"},
		{"the list leads to a mail", "/dev/mail", `href="/dev/mail/7"`, ""},
		{"a mail has its subject, escaped", "/dev/mail/8", "<h1>&lt;b&gt;New&lt;/b&gt;</h1>", "<b>New"},
		{"a mail names whom it goes to", "/dev/mail/8", "To &lt;i&gt;Ada &lt;ada@example.com&gt;<br><time>Jan 2, 2026, 3:04\u00a0AM\u00a0UTC", "<i>Ada"},
		{"a mail is shown in a frame without scripts", "/dev/mail/8", `src="/dev/mail/8/html"`, "allow-scripts"},
		{"the text of a mail is escaped, and its links are links", "/dev/mail/8?text",
			`Open <a href="https://auth.example/magic?token=plal_7&amp;x=1">https://auth.example/magic?token=plal_7&amp;x=1</a>. Or (<a href="https://b.example/">`, "<b>"},
		{"the frame has the mail, whose links open in the same tab", "/dev/mail/8/html",
			`<head><base target="_top"></head><p style="color:red"><script>alert(1)</script><a href="https://x.example">`, "_blank"},
	} {
		a := e.getFrom(own, row.path, "")
		if a.code != 200 || !strings.Contains(a.text, row.want) || row.lacks != "" && strings.Contains(a.text, row.lacks) {
			t.Errorf("%s: %d %s", row.name, a.code, a.text)
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(row.path, "html") == strings.Contains(policy, "script-src") {
			t.Errorf("%s: the policy is %s", row.name, policy)
		}
	}
	if list := e.getFrom(own, "/dev/mail", "").text; strings.Index(list, "/dev/mail/8") > strings.Index(list, "/dev/mail/7") {
		t.Error("the old mail comes first")
	}
	for host, code := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.example:8080": 404, "evil.example": 404, "192.0.2.7": 404, "localhost.evil.example": 404,
	} {
		for _, path := range []string{"/dev/mail", "/dev/mail.json", "/dev/mail/8", "/dev/mail/8?text", "/dev/mail/8/html"} {
			if a := e.getFrom(host, path, ""); a.code != code || strings.Contains(a.text, "ada@") && code != 200 {
				t.Errorf("%s at %s answers %d", path, host, a.code)
			}
		}
	}
	for _, path := range []string{"/dev/mail/9", "/dev/mail/9/html", "/dev/mail/x", "/dev/mail/8/text", "/dev/mail/"} {
		if a := e.getFrom(own, path, ""); a.code != 404 {
			t.Errorf("%s answers %d", path, a.code)
		}
	}
}

// TestDevMailboxJSON reads mails as tests of a product do.
func TestDevMailboxJSON(t *testing.T) {
	t.Parallel()
	e, box := startMailbox(t)
	empty := e.send("GET", "/dev/mail.json", nil)
	if strings.TrimSpace(empty.text) != "[]" {
		t.Errorf("without mails it is %s", empty.text)
	}
	check(t, box.Send(t.Context(), &db.Mail{ID: 1, TextBody: "Nothing to open"}))
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 3600))
	check(t, box.Send(t.Context(), &db.Mail{
		ID: 2, Kind: "magic_link", ToEmail: "ada@example.com", ToName: "Ada", Subject: "Sign in", HTMLBody: "<p>&", CreatedAt: at,
		TextBody: "Open https://a.example/magic?token=1&b=2, or https://b.example/.",
	}))
	a := e.send("GET", "/dev/mail.json", nil)
	var mails []map[string]any
	check(t, json.Unmarshal([]byte(a.text), &mails))
	want := "map[at:2026-01-02T02:04:05.006Z html:<p>& id:2 kind:magic_link links:[https://a.example/magic?token=1&b=2 https://b.example/] " +
		"subject:Sign in text:Open https://a.example/magic?token=1&b=2, or https://b.example/. to:ada@example.com to_name:Ada]"
	if len(mails) != 2 || fmt.Sprint(mails[0]) != want || fmt.Sprint(mails[1]["links"]) != "[]" {
		t.Errorf("the mails are %s", a.text)
	}
	var after []map[string]any
	check(t, json.Unmarshal([]byte(e.send("GET", "/dev/mail.json?after=1", nil).text), &after))
	if len(after) != 1 || fmt.Sprint(after[0]) != want {
		t.Errorf("after the first mail the mails are %v", after)
	}
}

// TestDevelopmentPagesLong walks over the pages of a development server as a newcomer does.
func TestDevelopmentPagesLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	e := start(t, withDevMailbox, withSettings(inDevelopment), withSQL("UPDATE applications SET url = 'http://localhost:3000' WHERE slug = 'planoorder'"),
		withSettings(func(s *impl.Settings) {
			passwords := map[string]string{}
			for _, person := range admin.FirstPeople(nil) {
				passwords[person.Email] = "a password of this installation"
			}
			s.FirstPeople = admin.FirstPeople(passwords)
		}))
	for _, first := range admin.FirstPeople(nil) {
		e.user(person{email: first.Email, password: "a password of this installation"})
	}
	b := openTab(t, chromium, 1280, e.url)
	b.do(chromedp.Navigate(e.url))
	b.shows(".people", "a password of this installation")
	b.inspect("start")
	b.do(click(`.bar a[href="/dev/mail"]`))
	b.shows("main", "No mail yet.")
	b.inspect("mails-none")

	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
	b.shows(".mails", "grace@example.com") // by itself
	b.inspect("mails")
	b.do(click(".mails a"))
	b.shows("h1", "Welcome to PlanoOrder")
	b.do(chromedp.WaitVisible(chromedp.CSS("#mail")))
	b.inspect("mail")
	for _, width := range []int64{390, 1280} {
		b.do(chromedp.EmulateViewport(width, 600))
		e.within(browserLimit, "the frame has the height of the mail", func() bool {
			return evaluate[bool](b, "(frame => frame.contentDocument.documentElement.scrollHeight <= frame.clientHeight && frame.clientHeight > 200)(document.querySelector('#mail'))")
		})
	}
	if html := evaluate[string](b, "document.querySelector('#mail').contentDocument.querySelector('a').href"); !strings.HasPrefix(html, "https://auth.example/verify?token=plal_") {
		t.Errorf("the mail leads to %s", html)
	}
	b.do(click(`a[href$="?text"]`))
	b.shows("pre", "https://auth.example/verify?token=plal_")
	b.inspect("mail-text")

	b.do(chromedp.Navigate(e.url + "/nothing"))
	b.shows("h1", "Page not found")
	b.inspect("error")
	b.mu.Lock()
	b.complaints = slices.DeleteFunc(b.complaints, func(text string) bool {
		aborted := strings.Contains(text, "/dev/mail.json") && strings.Contains(text, "ERR_ABORTED") // by going to another page
		return aborted || strings.Contains(text, "/nothing") && strings.Contains(text, "404")
	})
	b.mu.Unlock()
	b.do(click(".button"))
	b.shows("h1", "PlanoAuth")
}
