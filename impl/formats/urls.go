package formats

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// CheckRedirectURL accepts an absolute http(s) URL in ASCII without user part, backslash or control
// character; http only on a loopback host.
func CheckRedirectURL(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) {
		return errFormat
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil {
		return errFormat
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !IsLoopback(strings.ToLower(u.Hostname()))) {
		return errFormat
	}
	return nil
}

// IsLoopback reports whether a host name in lower case, or an IP address, is this machine's own.
func IsLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// CheckOrigin accepts an origin: an absolute https URL, or http on a loopback host, of a host and perhaps a
// port. A slash may follow, but no other path, query or fragment.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	if CheckRedirectURL(text) != nil || err != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(text, "?#") {
		return errFormat
	}
	return checkHost(u)
}

// CheckServerURL accepts the http(s) URL of another server's API. It may have a path, but no user part, query
// or fragment.
func CheckServerURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.ContainsAny(text, "?#") {
		return errFormat
	}
	return checkHost(u)
}

// CheckHelpURL accepts an absolute https URL without user part, and a mailto URL of one e-mail address, which may have
// a query such as subject.
func CheckHelpURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errFormat
	case u.Scheme == "https":
		return errors.Join(CheckRedirectURL(text), checkHost(u))
	case u.Scheme != "mailto" || u.Fragment != "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errFormat
	}
	return CheckEmail(u.Opaque)
}

// CheckListenAddress accepts host:port, where the host may be absent and the port is a number.
func CheckListenAddress(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" || !validPort(port) {
		return errFormat
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !validHostName(host) {
		return errFormat
	}
	return nil
}

// checkHost accepts a URL whose host browsers and resolvers take as it is written, apart from its case.
func checkHost(u *url.URL) error {
	host := u.Hostname()
	address, err := netip.ParseAddr(host)
	bracketed := strings.HasPrefix(u.Host, "[")
	switch {
	case !validPort(u.Port()):
		return errFormat
	case err == nil && address.Zone() == "" && !address.Is4In6() && bracketed == address.Is6():
		return nil
	case bracketed || !validHostName(host):
		return errFormat
	}
	return nil
}

// validPort reports whether a text is empty or a port number.
func validPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil
}

var (
	// hostNamePattern has underscores, since some people's internal names do.
	hostNamePattern = regexp.MustCompile(`^(` + hostLabel + `\.)*` + hostLabel + `$`)
	// numberPattern matches host names that browsers read as an IPv4 address in another notation.
	numberPattern = regexp.MustCompile(`(^|\.)(0[xX][0-9A-Fa-f]*|[0-9]+)$`)
)

const (
	hostLabel   = `[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?`
	maxHostName = 253
)

func validHostName(host string) bool {
	return len(host) <= maxHostName && hostNamePattern.MatchString(host) && !numberPattern.MatchString(host)
}

// Origin returns the origin of a URL as browsers send it in the header Origin: scheme, host and port in lower
// case, without a port that the scheme implies. It returns "" for a text that is not an absolute URL.
func Origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), strings.TrimLeft(u.Port(), "0")
	if strings.Contains(host, ":") {
		if address, err := netip.ParseAddr(host); err == nil {
			host = address.String()
		}
		host = "[" + host + "]"
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}

// Origins returns the origins of these URLs, each once. What is not a URL is skipped: operators write the
// list by SQL, where nothing checks it.
func Origins(urls []string) []string {
	origins := make([]string, 0, len(urls))
	for _, text := range urls {
		if origin := Origin(text); origin != "" && !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}

// AddQuery adds values to the query of a checked URL. Values of the same names that the URL already has are
// removed, since somebody else may have put them there. The rest of the URL stays as written. It returns ""
// for a text that is not a URL.
func AddQuery(address string, values url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	var query []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if _, replaced := values[name]; pair != "" && (err != nil || !replaced) {
			query = append(query, pair)
		}
	}
	u.RawQuery = strings.Join(append(query, values.Encode()), "&")
	return u.String()
}
