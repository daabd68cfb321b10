package web

import (
	"fmt"
	"html/template"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestSizes: the pages that products send people to stay small, gzipped script and style together.
func TestSizes(t *testing.T) {
	for script, limit := range map[Script]int{Hosted: 60_000, Links: 60_000, Account: 60_000, Console: 200_000} {
		size := 0
		urls := append(imports(t, URL(string(script)), map[string]bool{}), URL("base.css"))
		if script == Console {
			urls = append(urls, URL("console.css"))
		}
		for _, url := range urls {
			size += len(assets[strings.TrimPrefix(url, assetsPath)].gzipped())
		}
		if size == 0 || size > limit {
			t.Errorf("%s has %d bytes of script and style, the limit is %d", script, size, limit)
		}
	}
}

// imports returns the URL of a script, and those of the scripts and styles that it loads.
func imports(t *testing.T, url string, seen map[string]bool) []string {
	t.Helper()
	if seen[url] {
		return nil
	}
	seen[url] = true
	a := assets[strings.TrimPrefix(url, assetsPath)]
	if a == nil {
		t.Fatalf("there is no asset %s", url)
	}
	urls := []string{url}
	for _, other := range regexp.MustCompile(`"\./([\w.-]+\.(?:js|css))"`).FindAllStringSubmatch(string(a.content), -1) {
		urls = append(urls, imports(t, assetsPath+other[1], seen)...)
	}
	return urls
}

func TestServeAsset(t *testing.T) {
	for _, row := range []struct {
		path, accept, encoding string
		served                 bool
	}{
		{URL("base.css"), "gzip, br", "gzip", true},
		{URL("base.css"), "br, GZIP;q=0.5", "gzip", true},
		{URL("base.css"), "gzip;q=0", "", true},
		{URL("base.css"), "", "", true},
		{ThemePath("#3366cc"), "gzip", "", true},
		{"/assets/theme-blue.css", "", "", false},
		{"/assets/base.css", "", "", false},
		{"/assets/", "", "", false},
		{"/assets/../manifest.json", "", "", false},
	} {
		w, req := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		req.URL.Path = row.path
		req.Header.Set("Accept-Encoding", row.accept)
		if served := ServeAsset(w, req); served != row.served || w.Header().Get("Content-Encoding") != row.encoding {
			t.Errorf("%s, accepted %q: %v, encoding %q", row.path, row.accept, served, w.Header().Get("Content-Encoding"))
		}
		if immutable := strings.Contains(w.Header().Get("Cache-Control"), "immutable"); immutable != row.served {
			t.Errorf("%s: Cache-Control %q", row.path, w.Header().Get("Cache-Control"))
		}
	}
}

// TestThemeIsReadable walks over many colors: whatever color an application has, its text and the text on it can be
// read.
func TestThemeIsReadable(t *testing.T) {
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				css := string(theme(fmt.Sprintf("#%02x%02x%02x", r, g, b)))
				light, dark, _ := strings.Cut(css, "@media")
				for css, surfaces := range map[string][]rgb{light: lightSurfaces, dark: darkSurfaces} {
					accent, strong, on := token(t, css, "accent"), token(t, css, "accent-strong"), token(t, css, "on-accent")
					if contrast(accent, on) < textContrast || contrast(strong, on) < textContrast {
						t.Fatalf("text on the color cannot be read: %s", css)
					}
					if !readable(token(t, css, "accent-text"), surfaces, linkContrast) {
						t.Fatalf("text of the color cannot be read: %s", css)
					}
				}
			}
		}
	}
	for _, wrong := range []string{"", "#", "#12345", "#1234567", "blue", "#12 456", "#gggggg"} {
		if css := theme(wrong); css != nil {
			t.Errorf("%q has the theme %s", wrong, css)
		}
	}
}

// TestTokens compares the surfaces with those of tokens.css, for which themes are made.
func TestTokens(t *testing.T) {
	css, err := os.ReadFile("src/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(css), "@media")
	for css, surfaces := range map[string][]rgb{light: lightSurfaces, dark: darkSurfaces} {
		if surface, page := token(t, css, "surface"), token(t, css, "page"); surface != surfaces[0] || page != surfaces[1] {
			t.Errorf("the surfaces of tokens.css are %v and %v, not %v", surface, page, surfaces)
		}
	}
}

// token returns a color of a stylesheet.
func token(t *testing.T, css, name string) rgb {
	t.Helper()
	found := regexp.MustCompile(`--` + name + `: ?(#[0-9a-f]{6})`).FindStringSubmatch(css)
	if found == nil {
		t.Fatalf("no token %s in %s", name, css)
	}
	var r, g, b uint8
	if _, err := fmt.Sscanf(found[1], "#%02x%02x%02x", &r, &g, &b); err != nil {
		t.Fatal(err)
	}
	return rgb{float64(r), float64(g), float64(b)}
}

// TestUnbroken: words with a hyphen stay whole in texts, and nothing else of a page is changed.
func TestUnbroken(t *testing.T) {
	for html, want := range map[template.HTML]template.HTML{
		`<p title="e-mail">E-mail address (e-mail)</p>`:                 "<p title=\"e-mail\">E\u2011mail address (e\u2011mail)</p>",
		`<a href="/sign-in">New sign-in.</a>`:                           "<a href=\"/sign-in\">New sign\u2011in.</a>",
		`<pre>an e-mail</pre><code>sign-in</code>`:                      `<pre>an e-mail</pre><code>sign-in</code>`,
		`me@e-mail.example, e-mail@x.example, /sign-in, e-mail.example`: `me@e-mail.example, e-mail@x.example, /sign-in, e-mail.example`,
	} {
		if got := Unbroken(html); got != want {
			t.Errorf("%s becomes %s", html, got)
		}
	}
}

// TestTimes: times look as browsers format them.
func TestTimes(t *testing.T) {
	at := time.Date(2031, 9, 1, 2, 5, 59, 0, time.FixedZone("", 7200))
	for language, want := range map[Language]string{
		English: "Sep 1, 2031, 12:05\u00a0AM\u00a0UTC", Spanish: "1 sept 2031, 0:05\u00a0UTC", "": "Sep 1, 2031, 12:05\u00a0AM\u00a0UTC",
	} {
		if got := language.Time(at); got != want || !strings.HasPrefix(got, language.Day(at)+", ") {
			t.Errorf("in %s it is %s", language, got)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	for _, row := range []struct {
		lang, accept string
		want         Language
	}{
		{"", "", English}, {"", "es-MX,es;q=0.9,en;q=0.8", Spanish}, {"en", "es", English}, {"es", "en", Spanish},
		{"", "de, es;q=0.5", Spanish}, {"", "fr", English}, {"xx", "es", Spanish}, {"", "*", English}, {"%%", ";;;", English},
	} {
		req := httptest.NewRequest("GET", "/", nil)
		req.URL.RawQuery = "lang=" + row.lang
		req.Header.Set("Accept-Language", row.accept)
		if got := LanguageOf(req); got != row.want {
			t.Errorf("lang %q, Accept-Language %q: %s", row.lang, row.accept, got)
		}
	}
}
