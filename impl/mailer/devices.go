package mailer

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode"

	"github.com/planoauth/planoauth/impl/formats"
)

var (
	dotted  = regexp.MustCompile(`[\w+-]+(?:\.[\w+-]+)+`)
	version = regexp.MustCompile(`^[\w+-]*\d[\w+-]*(?:\.[\w+-]*\d[\w+-]*)+$`)
)

// deviceName returns a user agent, or "" if it contains a URL of any form or what could become one: a stranger who
// signs in could send links to the user that way. Words with dots must be version numbers.
func deviceName(userAgent string) string {
	isVersion := true
	rest := dotted.ReplaceAllStringFunc(userAgent, func(word string) string {
		isVersion = isVersion && version.MatchString(word) && !isAddress(word)
		return ""
	})
	notASCII := strings.ContainsFunc(userAgent, func(r rune) bool { return r > unicode.MaxASCII })
	if !isVersion || notASCII || strings.Contains(rest, "//") || strings.Contains(rest, `\`) || formats.ContainsURL(rest) ||
		strings.Contains(strings.ToLower(userAgent), "xn--") {
		return ""
	}
	return oneLine(userAgent)
}

// isAddress reports whether a version number can be read as an IPv4 address. Chrome's, such as 120.0.0.0, is no
// host's address.
func isAddress(word string) bool {
	_, err := netip.ParseAddr(word)
	return err == nil && !strings.HasSuffix(word, ".0.0.0")
}
