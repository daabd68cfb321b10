package password

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/planoauth/planoauth/gen"
)

const (
	minLength     = 8  // characters
	scoredLength  = 64 // characters whose guesses are estimated
	minWordLength = 3  // characters; shorter own words do not count

	minGuesses = 1e6 + 5 // zxcvbn's score 2
)

// Violation is a rule of the policy that a password breaks.
type Violation struct {
	Rule    gen.ParamErrorRule
	Message string
}

// Check returns the rule that a new password breaks, or nil. The own words, made by OwnWords, count as easy
// to guess. Call Check in a slot of the Limiter only. Its time is a small part of that of a hash.
func Check(password string, ownWords []string) *Violation {
	password = norm.NFKC.String(password)
	if utf8.RuneCountInString(password) < minLength {
		return &Violation{gen.MinLength, "must have at least 8 characters"}
	}
	scored := []rune(password)
	password = string(scored[:min(len(scored), scoredLength)])
	switch {
	case guesses(password, rankWords(ownWords)) >= minGuesses:
		return nil
	case guesses(password, nil) >= minGuesses:
		return &Violation{gen.OwnWords, "is made of words that belong to the person"}
	}
	return &Violation{gen.Guessable, "is too easy to guess"}
}

// OwnWords splits texts about a person, such as name and e-mail address, into words for Check.
func OwnWords(texts ...string) []string {
	var words []string
	for _, text := range texts {
		text = strings.ToLower(norm.NFKC.String(text))
		for _, word := range append(strings.FieldsFunc(text, isSeparator), text) {
			if runes := []rune(word); len(runes) >= minWordLength {
				words = append(words, string(runes[:min(len(runes), scoredLength)]))
			}
		}
	}
	return words
}

func isSeparator(r rune) bool { return strings.ContainsRune(" \t@.,;:+-_'’/", r) }
