package web

import (
	"net/http"

	"golang.org/x/text/language"
)

// Language is a language of the pages and mails, as a tag of BCP 47.
type Language string

// The languages that every text has.
const (
	English Language = "en" // where nothing says otherwise
	Spanish Language = "es"
)

// Languages are all of them.
var Languages = []Language{English, Spanish}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Spanish})

// LanguageOf returns the language of a page, or of a mail that a request causes: that of the query param lang, else
// the one that suits Accept-Language best.
func LanguageOf(req *http.Request) Language {
	_, best := language.MatchStrings(matcher, req.URL.Query().Get("lang"), req.Header.Get("Accept-Language"))
	return Languages[best]
}
