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
