package formats

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestEmail(t *testing.T) {
	for text, want := range map[string]string{
		"Grace@Example.com":                       "grace@example.com",
		" grace+orders@mail.example.co \n":        "grace+orders@mail.example.co",
		"o'neill@xn--bcher-kva.example":           "o'neill@xn--bcher-kva.example",
		strings.Repeat("a", 64) + "@example.com":  strings.Repeat("a", 64) + "@example.com",
		strings.Repeat("a", 65) + "@example.com":  "",
		"grace":                                   "",
		"grace@localhost":                         "",
		"grace@example..com":                      "",
		"grace@-example.com":                      "",
		"grace@example.com, ada@example.com":      "",
		"grace@bücher.example":                    "",
		"GRACE\u212a@example.com":                 "", // KELVIN SIGN, whose lower case is k
		"Grace <grace@example.com>":               "",
		"grace@example.com\nBcc: ada@example.com": "",
	} {
		if err := CheckEmail(text); (err == nil) != (want != "") {
			t.Errorf("%q: %v", text, err)
		}
		if got := NormalizeEmail(text); want != "" && got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestNormalizePhone(t *testing.T) {
	for text, want := range map[string]string{
		"+1 212 555 2368":    "+12125552368",
		"(212) 555-2368":     "+12125552368",
		"+49 30 901820":      "+4930901820",
		"+44 20 7946 0958":   "+442079460958",
		"12":                 "",
		"+1 212 555 2368 99": "",
		"call me":            "",

		" +1 212 555 2368\u00a0":     "+12125552368",
		"+44 (0)20 7946 0958":        "+442079460958",
		"+39 02 3661 8300":           "+390236618300", // the 0 belongs to the number
		"011 44 20 7946 0958":        "+442079460958",
		"1-800-FLOWERS":              "+18003569377",
		"\uff0b1 212 555 2368":       "+12125552368",
		"+1 415 555 2671 ext. 89":    "",
		"+1 415 555 2671x89":         "",
		"+1 415 555 2671 #89":        "",
		"+1 415 555 2671,,89":        "",
		"+1 415 555 2671 ~ 89":       "",
		"+1 415 555 2671;ext=89":     "",
		"+1 415 555 2671;isub=89":    "",
		"+44 20 7946 0958 anexo 5":   "",
		"+49 30 901820 b":            "", // b would be read as 2
		"+49 30 901820 Lab":          "",
		"+49 30 901820 / x5":         "",
		"+1 415 555 2671 / x 5":      "",
		"+1 415 555 2671 / 2672":     "",
		"Grace: +1 212 555 2368":     "",
		"+1 212 555 2368 (home)":     "",
		"+1 212 555 2368 +1 212 555": "",
	} {
		got, possible := NormalizePhone(text)
		if possible != (want != "") || possible && got != want || !possible && got != text {
			t.Errorf("%q becomes %q, possible is %v", text, got, possible)
		}
	}
}

func TestContainsURL(t *testing.T) {
	for name, want := range map[string]bool{
		"Grace Hopper":                 false,
		"J. R. R.":                     false,
		"Mr. O'Neill-Smith":            false,
		"Visit evil.notatld now":       false, // no such top-level domain
		"Visit evil.com now":           true,
		"https:evil":                   false,
		"x://y":                        true,
		"WWW.evil":                     true,
		"ｅｖｉｌ．ｃｏｍ":                     true, // full width
		"evil\u3002com":                true, // IDEOGRAPHIC FULL STOP
		"ev\u200dil.c\u00adom":         true, // invisible joiners
		"http\u200c://127.0.0.1/x":     true,
		"Free money at 203.0.113.7:80": true,

		"X.Li":                 false,
		"X.LI":                 false,
		"Yu.A.Li":              false,
		"J.R":                  false,
		"J.R.R.Tolkien":        false,
		"Dr.No":                false,
		"DR.NO":                false,
		"St.Louis":             false,
		"Prof.Li":              false,
		"J.P.Schmidt":          false,
		"K.Black":              false,
		"M.Noël":               false,
		"Jean.Noël":            false, // no is a top-level domain, noël is none
		"J . Li":               false,
		"J. Li":                false,
		"Ravi Kumar B. Com":    false,
		"Smith, Jr.":           false,
		"O.K.":                 false,
		"Ф.И.О":                false,
		"С.Ру":                 false, // Cyrillic, and looks like C.Py
		"レオナルド・ダ・ヴィンチ":         false,
		"Dot Cotton":           false,
		"Data: none":           false,
		"Vitamin C: it's good": false,
		"Maria: Li":            false,

		"x.li":                    true,
		"X.li":                    true,
		"anna.li":                 true,
		"Anna.Li":                 true,
		"X.Com":                   true,
		"888.com":                 true,
		"EVIL.COM":                true,
		"Evil.Com":                true,
		"evil.com.":               true,
		"evil-.com":               true,
		"_evil_.com":              true,
		"evil.co.uk":              true,
		"bit.ly/x":                true,
		"X.Li/x":                  true,
		"X.Li:8080":               true,
		"x.Li@evil.unknown/":      true,
		"ada@evil.com":            true,
		"evil.notatld/login":      true,
		"evil.notatld:8080":       true,
		"evil . com":              true,
		"evil .com":               true,
		"evil. com":               true,
		"evil dot com":            true,
		"evil[.]com":              true,
		"evil(dot)notatld":        true,
		"hxxp://evil":             true,
		"http:/evil":              true,
		"https:\\\\evil":          true,
		"www.x":                   true,
		"Www . x":                 true,
		"mailto:ada":              true,
		"localhost:8080":          true,
		"203.0.113.7":             true,
		"[2001:db8::7]":           true,
		"2001:db8::7":             true,
		"\U0001f4a9.la":           true,
		"xn--80ak6aa92e.com":      true,
		"evil.xn--p1ai":           true,
		"evil.рф":                 true,
		"\u0435vil.\u0441\u043em": true, // Cyrillic letters
		"evil\u2024com":           true, // ONE DOT LEADER
		"evil\ufe52com":           true, // SMALL FULL STOP
		"evil\uff61com":           true, // HALFWIDTH IDEOGRAPHIC FULL STOP
		"evil\u06d4com":           true, // ARABIC FULL STOP
		"evil\u00b7com":           true, // MIDDLE DOT
		"ev\u034fil.co\ufe0fm":    true, // invisible
		"http\ua789\u2044\u2044x": true,
		"\u24d4\u24e5\u24d8\u24db.\u24d2\u24de\u24dc": true, // letters in circles
	} {
		if got := ContainsURL(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestRedirectURL(t *testing.T) {
	for text, origin := range map[string]string{
		"https://App.example/orders?open=1#top": "https://app.example",
		"https://app.example:443/":              "https://app.example",
		"https://app.example:8443/":             "https://app.example:8443",
		"http://localhost:3000/":                "http://localhost:3000",
		"http://127.0.0.1/":                     "http://127.0.0.1",
		"http://[::1]:3000/":                    "http://[::1]:3000",
		"http://app.example/":                   "",
		"https://user@app.example/":             "",
		"https://app.example\\@evil.example/":   "",
		"https://app.example/\tx":               "",
		"https:///path":                         "",
		"//app.example/":                        "",
		"/orders":                               "",
		"javascript:alert(1)":                   "",
		"https://bücher.example/":               "",
	} {
		if err := CheckRedirectURL(text); (err == nil) != (origin != "") {
			t.Errorf("%q: %v", text, err)
		}
		if got := Origin(text); origin != "" && got != origin {
			t.Errorf("the origin of %q is %q", text, got)
		}
	}
	origins := Origins([]string{"https://a.example", "https://A.example:443/x", "", "nonsense", "http://localhost:80"})
	if !slices.Equal(origins, []string{"https://a.example", "http://localhost"}) {
		t.Errorf("the origins are %v", origins)
	}
}

// TestOriginsOfBrowsers has what browsers send for hosts and ports that can be written in several ways.
func TestOriginsOfBrowsers(t *testing.T) {
	for text, want := range map[string]string{
		"https://app.example:":              "https://app.example",
		"https://app.example:0443/":         "https://app.example",
		"https://app.example:08443":         "https://app.example:8443",
		"http://[0:0:0:0:0:0:0:1]:3000":     "http://[::1]:3000",
		"https://[2001:DB8::0007]/":         "https://[2001:db8::7]",
		"https://:443/":                     "",
		"HTTPS://APP.EXAMPLE:443/orders?a=": "https://app.example",
	} {
		if got := Origin(text); got != want {
			t.Errorf("the origin of %q is %q, want %q", text, got, want)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	for text, right := range map[string]bool{
		"https://app.example":           true,
		"https://App.Example/":          true,
		"https://app.example:8443":      true,
		"https://my_app.intranet":       true,
		"https://xn--bcher-kva.example": true,
		"https://203.0.113.7":           true,
		"https://[2001:db8::7]:8443":    true,
		"http://localhost:3000":         true,
		"http://[::1]:3000":             true,

		"https://*.app.example":                      false,
		"https://*":                                  false,
		"https://app.*":                              false,
		"https://app.example/orders":                 false,
		"https://app.example//":                      false,
		"https://app.example?":                       false,
		"https://app.example/?open=1":                false,
		"https://app.example#":                       false,
		"https://app.example/#top":                   false,
		"https://user@app.example":                   false,
		"https://app.example:port":                   false,
		"https://app.example:70000":                  false,
		"https://app.example:*":                      false,
		"https://app..example":                       false,
		"https://.app.example":                       false,
		"https://app.example.":                       false,
		"https://-app.example":                       false,
		"https://app-.example":                       false,
		"https://app,beta.example":                   false,
		"https://app.example,https://b.example":      false,
		"https://app.example https://b.example":      false,
		"https://app%2eexample":                      false,
		"https://bücher.example":                     false,
		"https://203.0.113":                          false,
		"https://203.0.113.999":                      false,
		"https://0x7f.1":                             false,
		"https://3405803783":                         false,
		"https://[fe80::1%25eth0]":                   false,
		"https://[::ffff:203.0.113.7]":               false,
		"https://" + strings.Repeat("a", 64) + ".xx": false,
		"http://app.example":                         false,
		"ftp://app.example":                          false,
		"app.example":                                false,
		"https://":                                   false,
		"null":                                       false,
		"*":                                          false,
		"":                                           false,
	} {
		if err := CheckOrigin(text); (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestServerURLAndListenAddress(t *testing.T) {
	for text, right := range map[string]bool{
		"https://mandrillapp.com/api/1.0": true, "http://127.0.0.1:8025": true, "http://mandrill:8025/": true,
		"mandrillapp.com": false, "https://": false, "ftp://mandrillapp.com": false, "https://u:p@mandrillapp.com": false,
		"https://mandrillapp.com/?key=x": false, "https://mandrillapp.com:port": false, "https://*.com": false,
	} {
		if err := CheckServerURL(text); (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, right := range map[string]bool{
		"127.0.0.1:8080": true, ":8080": true, "[::1]:0": true, "[fe80::1%eth0]:80": true, "localhost:65535": true,
		"8080": false, "127.0.0.1": false, "127.0.0.1:": false, "::1:8080": false, "127.0.0.1:http": false, "127.0.0.1:65536": false,
		"127.0.0.1:-1": false, "http://127.0.0.1:8080": false, "a b:80": false, "": false,
	} {
		if err := CheckListenAddress(text); (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAddQuery(t *testing.T) {
	added := url.Values{"code": {"a b"}}
	for text, want := range map[string]string{
		"https://app.example":                           "https://app.example?code=a+b",
		"https://app.example/x?y=1&z=%2F#top":           "https://app.example/x?y=1&z=%2F&code=a+b#top",
		"https://app.example/?code=stolen&c%6fde=again": "https://app.example/?code=a+b",
		"https://app.example/?%zz=kept":                 "https://app.example/?%zz=kept&code=a+b",
		"https://app.example:port/":                     "",
	} {
		if got := AddQuery(text, added); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
