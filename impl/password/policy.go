package password

import (
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/text/unicode/norm"

	"github.com/planoauth/planoauth/gen"
)

const (
	minLength     = 8  // characters
	scoredLength  = 64 // characters passed to zxcvbn, which takes up to 0.1 s for 64 and longer for more
	minScore      = 2  // by zxcvbn, 0 to 4; 2 stands for at least a million guesses
	minWordLength = 3  // characters; shorter own words do not count
)

// Violation is a rule of the policy that a password breaks.
type Violation struct {
	Rule    gen.ParamErrorRule
	Message string
}

// Check returns the rule that a new password breaks, or nil. The own words, made by OwnWords, count as easy
// to guess. Call Check in a slot of the Limiter only.
func Check(password string, ownWords []string) *Violation {
	password = norm.NFKC.String(password)
	if utf8.RuneCountInString(password) < minLength {
		return &Violation{gen.MinLength, "must have at least 8 characters"}
	}
	scored := []rune(password)
	password = string(scored[:min(len(scored), scoredLength)])
	switch {
	case zxcvbn.PasswordStrength(password, ownWords).Score >= minScore:
		return nil
	case zxcvbn.PasswordStrength(password, nil).Score >= minScore:
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
			if utf8.RuneCountInString(word) >= minWordLength {
				words = append(words, word)
			}
		}
	}
	return words
}

func isSeparator(r rune) bool { return strings.ContainsRune(" \t@.,;:+-_'’/", r) }
