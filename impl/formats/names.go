package formats

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/xurls/v2"
)

// urlPattern is compiled at its first use: that takes longer than everything else at the start of the server.
var urlPattern = sync.OnceValue(xurls.Relaxed)

// wellKnown are top-level domains that every reader knows, and that nobody is called.
const wellKnown = `(?:com|net|org|gov|info|biz|xyz|online|website|blog|email|onion)`

// readAsURL are forms of a URL that readers recognize, whatever is to the left of them.
var readAsURL = regexp.MustCompile("(?:" + strings.Join([]string{
	`(?i)[^\s.]\.` + wellKnown + `(?:[^\pL\pN\pM]|$)`,       // evil.com, evil-.com
	`(?i)[\pL\pN-]{3}\. +(?:com|net|org)(?:[^\pL\pN\pM]|$)`, // evil. com, but not J. Com
	`\. +` + wellKnown + `(?:[^\pL\pN\pM]|$)`,               // x. com
	`(?i)\bdot +` + wellKnown + `(?:[^\pL\pN\pM]|$)`,        // evil dot com
	`[\pL\pN]\.[\pL\pN-]{2,}(?:[/\\?#]|:\d)`,                // evil.unknown/x, evil.unknown:80
	`(?i)(?:\blocalhost[:/]|https?:[/\\]|://|www\.|\bxn--)`, // localhost:80, http:/evil
	`\p{So}\x{FE0F}?\.\pL{2}`,                               // names of emoji
	`(?i)[\[({<] *(?:dot|\.) *[\])}>] *[\pL\pN]`,            // evil[.]unknown, evil(dot)unknown
	`(?i)(?:^|[^\pL\pN])(?:mailto|javascript|data):\S`,      // mailto:x
}, ")|(?:") + ")")

// spacedDot is a dot with white space before it, which no abbreviation has.
var spacedDot = regexp.MustCompile(`\s+\.\s*`)

// ContainsURL reports whether a name contains what a reader takes for a URL. Other dots and letters that look
// alike, and characters that nobody sees, do not hide one. A name behind an initial, a title or a similar
// abbreviation is none, even where it is a top-level domain, as in X.Li, Dr.No and J.P.Schmidt.
func ContainsURL(name string) bool {
	text := asSeen(name)
	if !strings.ContainsAny(text, ".:") && !spelledDot(text) {
		return false // each form of a URL has one of these
	}
	text = spacedDot.ReplaceAllString(text, ".")
	if looksLikeURL(text) {
		return true
	}
	latin := asLatin(text)
	return latin != text && looksLikeURL(latin)
}

func spelledDot(text string) bool {
	return strings.Contains(text, "dot") || strings.Contains(text, "Dot") || strings.Contains(text, "DOT")
}

func looksLikeURL(text string) bool {
	if readAsURL.MatchString(text) {
		return true
	}
	for _, at := range urlPattern().FindAllStringIndex(text, -1) {
		next, _ := utf8.DecodeRuneInString(text[at[1]:])
		partOfWord := unicode.In(next, unicode.L, unicode.M) // the pattern takes J.Noël for j.no
		if !partOfWord && !isAbbreviated(text[at[0]:at[1]]) {
			return true
		}
	}
	return false
}

// titles are abbreviations of more than two letters that people write before a name.
var titles = map[string]bool{
	"mrs": true, "prof": true, "mag": true, "ing": true, "dipl": true, "lic": true, "rev": true, "hon": true,
	"gen": true, "col": true, "maj": true,
	"cpt": true, "capt": true, "sgt": true, "ste": true, "sra": true, "dra": true, "mme": true, "mlle": true, "chr": true, "jos": true,
	"joh": true, "geo": true, "chas": true, "jas": true, "thos": true,
}

// isAbbreviated reports whether a text with dots is a name behind initials or titles: each part begins with a
// capital letter, and has either only small or only capital letters behind it.
func isAbbreviated(text string) bool {
	parts := strings.Split(text, ".")
	for i, part := range parts {
		abbreviation := utf8.RuneCountInString(part) <= 2 || titles[strings.ToLower(part)]
		if !isCapitalized(part) || i < len(parts)-1 && !abbreviation {
			return false
		}
	}
	return true
}

func isCapitalized(word string) bool {
	first, size := utf8.DecodeRuneInString(word)
	rest := word[size:]
	small := strings.IndexFunc(rest, func(r rune) bool { return !unicode.In(r, unicode.Ll, unicode.M) }) < 0
	capital := strings.IndexFunc(rest, func(r rune) bool { return !unicode.In(r, unicode.Lu, unicode.M) }) < 0
	return unicode.IsUpper(first) && (small || capital)
}
