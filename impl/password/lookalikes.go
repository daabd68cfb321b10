package password

import (
	"cmp"
	"strings"
)

// lookalikes are the letters for which characters may stand.
var lookalikes = [128]string{
	'4': "a", '@': "a", '8': "b", '(': "c", '{': "c", '[': "c", '<': "c", '3': "e", '6': "g", '9': "g", '1': "il", '!': "i",
	'|': "il", '0': "o", '$': "s", '5': "s", '7': "lt", '+': "t", '%': "x", '2': "z",
}

// ambiguous are the characters that stand for one of two letters.
const ambiguous = "1|7"

// reading is a way to read look-alike characters.
type reading struct {
	second string // ambiguous characters that stand for their second letter
	digits bool   // whether digits stand for letters, besides other characters
}

// readings returns the ways to read a word: none without look-alike characters, at most 16.
func readings(word []rune) (all []reading) {
	digits, others, present := false, false, ""
	for _, r := range word {
		switch {
		case lettersFor(r) == "":
			continue
		case isDigit(r):
			digits = true
		default:
			others = true
		}
		if strings.ContainsRune(ambiguous, r) && !strings.ContainsRune(present, r) {
			present += string(r)
		}
	}
	if digits {
		for chosen := range 1 << len(present) {
			second := ""
			for i, r := range present {
				if chosen>>i&1 == 1 {
					second += string(r)
				}
			}
			all = append(all, reading{second, true})
		}
	}
	if others {
		all = append(all, reading{"", false})
		if strings.Contains(present, "|") {
			all = append(all, reading{"|", false})
		}
	}
	return all
}

// letter returns the letter for which a character stands, or 0 if it stands for itself.
func (way reading) letter(r rune) rune {
	letters := lettersFor(r)
	switch {
	case letters == "" || isDigit(r) && !way.digits:
		return 0
	case strings.ContainsRune(way.second, r):
		return rune(letters[1])
	}
	return rune(letters[0])
}

// read returns the word with letters for look-alike characters.
func (way reading) read(word []rune) []rune {
	text := make([]rune, len(word))
	for i, r := range word {
		text[i] = cmp.Or(way.letter(r), r)
	}
	return text
}

// substituted returns the letters that the look-alike characters of a word stand for.
func (way reading) substituted(word []rune) map[string]string {
	letters := map[string]string{}
	for _, r := range word {
		if letter := way.letter(r); letter != 0 {
			letters[string(r)] = string(letter)
		}
	}
	return letters
}

// lettersFor returns the letters for which a character may stand, "" for none.
func lettersFor(r rune) string {
	if r < 0 || int(r) >= len(lookalikes) {
		return ""
	}
	return lookalikes[r]
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
