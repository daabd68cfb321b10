package mailer

import "regexp"

// device is a name and what the User-Agent headers of such browsers or systems have.
type device struct {
	pattern *regexp.Regexp
	name    string
}

// The first match counts: most browsers also name those that they descend from. The file account/device.ts of the pages
// has the same, as a test checks.
var (
	browsers = []device{
		{regexp.MustCompile(`\b(Edg|EdgA|EdgiOS)/`), "Edge"},
		{regexp.MustCompile(`\b(OPR|OPiOS)/`), "Opera"},
		{regexp.MustCompile(`\bSamsungBrowser/`), "Samsung Internet"},
		{regexp.MustCompile(`\b(Firefox|FxiOS)/`), "Firefox"},
		{regexp.MustCompile(`\b(Chrome|HeadlessChrome|CriOS|Chromium)/`), "Chrome"},
		{regexp.MustCompile(`\bVersion/\S+ (Mobile/\S+ )?Safari/`), "Safari"},
	}
	systems = []device{
		{regexp.MustCompile(`\biPhone\b`), "iPhone"},
		{regexp.MustCompile(`\biPad\b`), "iPad"},
		{regexp.MustCompile(`\bAndroid\b`), "Android"},
		{regexp.MustCompile(`\bWindows\b`), "Windows"},
		{regexp.MustCompile(`\bCrOS\b`), "ChromeOS"},
		{regexp.MustCompile(`\bMac OS X\b`), "macOS"},
		{regexp.MustCompile(`\bLinux\b`), "Linux"},
	}
)

// Browser returns the name of the browser that sent the request, "" for an unknown one. Mails show no other part of its
// header: a stranger who signs in could send texts and links to the user that way.
func (c content) Browser() string { return firstMatch(browsers, c.UserAgent) }

// System returns the name of the operating system that sent the request, "" for an unknown one.
func (c content) System() string { return firstMatch(systems, c.UserAgent) }

func firstMatch(devices []device, userAgent string) string {
	for _, d := range devices {
		if d.pattern.MatchString(userAgent) {
			return d.name
		}
	}
	return ""
}
