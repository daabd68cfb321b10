package formats

import (
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
	"mvdan.cc/xurls/v2"
)

// urlPattern is compiled at its first use: that takes longer than everything else at the start of the server.
var urlPattern = sync.OnceValue(xurls.Relaxed)

// urlDisguises are characters that make a URL look different to a program but not to a reader.
var urlDisguises = strings.NewReplacer("\u3002", ".", "\u200c", "", "\u200d", "", "\u00ad", "")

// ContainsURL reports whether a name contains a URL, as a reader would see it: full-width letters,
// ideographic full stops and invisible joiners do not hide one.
func ContainsURL(name string) bool {
	name = urlDisguises.Replace(norm.NFKC.String(name))
	if !strings.ContainsAny(name, ".:") {
		return false // every alternative of the pattern contains one of these
	}
	return strings.Contains(name, "://") || strings.Contains(strings.ToLower(name), "www.") || urlPattern().MatchString(name)
}
