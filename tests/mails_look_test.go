package tests

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

type mailBrand struct {
	app  db.Application
	user db.User
}

// mailBrands are applications as mails show them: one that has nothing but a name, and one that has all, and names that
// are as long as they can be.
var mailBrands = map[string]mailBrand{
	"plain": {db.Application{Name: "PlanoOrder"}, db.User{FirstName: "Ada", Email: "ada@example.com"}},
	"branded": {
		db.Application{Slug: "planox2", Name: "PlanoX2", AccentColor: "#ffd400", LogoDigest: "x", SupportURL: "https://planox2.example/help"},
		db.User{FirstName: "Grace", Email: "grace@example.com"},
	},
	"long": {
		db.Application{Name: strings.Repeat("PlanoOrder", 10), AccentColor: "#0a7d3c", SupportURL: "mailto:" + strings.Repeat("help", 15) + "@example.com"},
		db.User{FirstName: strings.Repeat("Lovelace", 12), Email: longestEmail},
	},
}

// hostileBrand has texts of strangers.
var hostileBrand = mailBrand{
	db.Application{Name: hostile, SupportURL: "javascript:alert(1)", AccentColor: "#fff}</style>"},
	db.User{FirstName: hostile, LastName: hostile, Email: hostileEmail},
}

// serveMails serves each mail at /KIND/LANGUAGE/BRAND, and a logo.
func serveMails(t *testing.T) (url string) {
	t.Helper()
	var templates *mailer.Templates
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/logo") {
			w.Header().Set("Content-Type", "image/svg+xml")
			io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="32"><rect width="120" height="32" rx="8" fill="#ffd400"/></svg>`)
			return
		}
		parts := strings.Split(r.URL.Path, "/")
		if len(parts) != 4 {
			return // for the icon
		}
		kind, brand := mailer.Kind(parts[1]), mailBrands[parts[3]]
		facts := mailer.Facts{
			Time: time.Date(2031, 9, 14, 9, 5, 0, 0, time.UTC), IP: "2001:db8:85a3:1234:5678:8a2e:370:7334", Language: web.Language(parts[2]),
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", Lifetime: 7 * 24 * time.Hour, Role: db.RoleEmployee,
		}
		if parts[3] == "hostile" {
			brand, facts.UserAgent = hostileBrand, hostile
		}
		if mailsWithLink[kind] {
			facts.Link = "https://auth.example/magic?token=plal_" + strings.Repeat("abcdefgh", 7)
		}
		mail, err := templates.Write(kind, &brand.user, &brand.app, facts)
		if err != nil {
			t.Error(err)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, mail.HTMLBody)
	}))
	t.Cleanup(server.Close)
	var err error
	templates, err = mailer.ParseTemplates(server.URL)
	check(t, err)
	return server.URL
}

var mailsWithLink = map[mailer.Kind]bool{
	mailer.Welcome: true, mailer.Verification: true, mailer.MagicLink: true, mailer.PasswordReset: true, mailer.Invitation: true,
	mailer.EmailChange: true, mailer.EmailChangeByAdmin: true, mailer.EmailChanged: true,
}

// TestMailsLookLong shows each mail in each language in Chromium: a window of 320 pixels need not be scrolled sideways,
// and axe finds nothing in either scheme.
func TestMailsLookLong(t *testing.T) {
	t.Parallel()
	chromium, url := startChromium(t), serveMails(t)
	for _, language := range web.Languages {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			b := openTab(t, chromium, 320, url)
			for _, kind := range mailer.Kinds {
				for brand := range mailBrands {
					name := fmt.Sprintf("mail-%s-%s-%s", kind, language, brand)
					b.do(chromedp.Navigate(fmt.Sprintf("%s/%s/%s/%s", url, kind, language, brand)))
					b.inspectMail(name)
				}
			}
		})
	}
}

// inspectMail is inspect for mails, which are no whole page, so that rules about the parts of pages do not hold.
func (b *tab) inspectMail(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		check(b.t, errors.Join(err, chromedp.Do(b.ctx, chromedp.EmulateViewport(320, 700, chromedp.EmulateMobile))))
		if width := evaluate[int](b, "document.scrollingElement.scrollWidth"); width > 320 {
			b.t.Errorf("%s is %d pixels wide", name, width)
		}
		if violations := b.violations("region", "landmark-one-main"); len(violations) > 0 {
			b.t.Errorf("axe, %s in %s: %s", name, scheme, strings.Join(violations, "\n"))
		}
		if height := evaluate[float64](b, "Math.min(...[...document.querySelectorAll('.button a')].map(a => a.offsetHeight), 100)"); height < 44 {
			b.t.Errorf("%s has a button %v pixels high", name, height)
		}
	}
	if logo := evaluate[bool](b, "[...document.images].every(image => image.naturalWidth > 0)"); !logo {
		b.t.Errorf("%s has an image that does not show", name)
	}
	b.look(name, 320, 600)
}
