package formats

import (
	"net/netip"
	"net/url"
	"slices"
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

// Origin returns the origin of a URL as browsers send it in the header Origin: scheme, host and port in lower
// case, without a port that the scheme implies. It returns "" for a text that is not an absolute URL.
func Origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host
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
