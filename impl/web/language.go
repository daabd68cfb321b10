package web

import (
	"fmt"
	"net/http"
	"time"

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

// Other returns the language that a page in this one offers.
func (l Language) Other() Language {
	if l == Spanish {
		return English
	}
	return Spanish
}

// Name returns what its speakers call the language.
func (l Language) Name() string {
	return map[Language]string{English: "English", Spanish: "Español"}[l]
}

var spanishMonths = [...]string{"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"}

// Day formats the day of a time in UTC, as document.ts does for its pages.
func (l Language) Day(t time.Time) string {
	t = t.UTC()
	if l == Spanish {
		return fmt.Sprintf("%d %s %d", t.Day(), spanishMonths[t.Month()-1], t.Year())
	}
	return t.Format("Jan 2, 2006")
}

// Time formats a time in UTC, as document.ts does for its pages.
func (l Language) Time(t time.Time) string {
	t = t.UTC()
	if l == Spanish {
		return fmt.Sprintf("%s, %d:%02d\u00a0UTC", l.Day(t), t.Hour(), t.Minute())
	}
	return l.Day(t) + t.Format(", 3:04\u00a0PM\u00a0UTC")
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Spanish})

// LanguageOf returns the language of a page, or of a mail that a request causes: that of the query param lang, else
// the one that suits Accept-Language best.
func LanguageOf(req *http.Request) Language {
	_, best := language.MatchStrings(matcher, req.URL.Query().Get("lang"), req.Header.Get("Accept-Language"))
	return Languages[best]
}
