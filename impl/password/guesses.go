package password

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/frequency"
	"github.com/trustelem/zxcvbn/match"
	"github.com/trustelem/zxcvbn/scoring"
)

// manyGuesses is what a password takes at least that consists of three patterns or more.
const manyGuesses = 1e8

// ranks returns zxcvbn's common words and passwords, in lower case, by their rank in the list that ranks them
// highest. The first call takes longer than all else at the start of the command.
var ranks = sync.OnceValue(func() map[string]int { return rankWords(slices.Collect(maps.Values(frequency.FrequencyLists))...) })

func rankWords(lists ...[]string) map[string]int {
	ranked := map[string]int{}
	for _, words := range lists {
		for i, word := range words {
			word = strings.ToLower(word)
			if rank := ranked[word]; rank == 0 || i+1 < rank {
				ranked[word] = i + 1
			}
		}
	}
	return ranked
}

// guesses estimates how many guesses a password takes, by zxcvbn's patterns, word lists and formulas. It
// returns at most manyGuesses. Own words, ranked by rankWords, count as common words.
//
// zxcvbn itself tries all substrings with all meanings of look-alike characters, which can take the time of ten
// hashes. A password below manyGuesses consists of two patterns at most, so this tries prefixes and suffixes
// only.
func guesses(password string, own map[string]int) float64 {
	if password == "" {
		return 1
	}
	e := &estimate{password: password, text: []rune(password), own: own}
	e.head, e.tail = make([]float64, len(e.text)+1), make([]float64, len(e.text)+1)
	e.bruteForce()
	e.words()
	e.keyboards()
	e.sequences()
	e.repeats()
	e.dates()
	n := len(e.text)
	best := min(manyGuesses, e.head[n]+1)
	for i := 1; i < n; i++ {
		best = min(best, 2*e.head[i]*e.tail[i]+scoring.MinGuessesBeforeGrowingSequence)
	}
	return best
}

// estimate has the guesses for the parts of a password.
type estimate struct {
	password string
	text     []rune
	own      map[string]int
	head     []float64 // head[i] is for text[:i]
	tail     []float64 // tail[i] is for text[i:]
}

// add counts a pattern that text[i:j] has, if it is a prefix or a suffix.
func (e *estimate) add(i, j int, m match.Match) {
	if i > 0 && j < len(e.text) {
		return
	}
	m.Token = string(e.text[i:j])
	n := scoring.EstimateGuesses(&m, e.password)
	if i == 0 && (e.head[j] == 0 || n < e.head[j]) {
		e.head[j] = n
	}
	if j == len(e.text) && (e.tail[i] == 0 || n < e.tail[i]) {
		e.tail[i] = n
	}
}

// parts calls do for all prefixes and suffixes of a length in [shortest, longest].
func (e *estimate) parts(shortest, longest int, do func(i, j int)) {
	n := len(e.text)
	for length := shortest; length <= min(longest, n); length++ {
		do(0, length)
		if length < n {
			do(n-length, n)
		}
	}
}

func (e *estimate) bruteForce() {
	e.parts(1, len(e.text), func(i, j int) { e.add(i, j, match.Match{Pattern: "bruteforce"}) })
}

// words finds common and own words, as they are, with look-alike characters, and backwards.
func (e *estimate) words() {
	e.parts(1, len(e.text), func(i, j int) {
		word := []rune(strings.ToLower(string(e.text[i:j])))
		if rank := e.rank(word); rank > 0 {
			e.add(i, j, match.Match{Pattern: "dictionary", Rank: rank})
		}
		if len(word) == 1 {
			return
		}
		for _, way := range readings(word) {
			if rank := e.rank(way.read(word)); rank > 0 {
				e.add(i, j, match.Match{Pattern: "dictionary", Rank: rank, L33t: true, Sub: way.substituted(word)})
			}
		}
		slices.Reverse(word)
		if rank := e.rank(word); rank > 0 {
			e.add(i, j, match.Match{Pattern: "dictionary", Rank: rank, Reversed: true})
		}
	})
}

// rank returns the rank of a word, 0 for an unknown one.
func (e *estimate) rank(word []rune) int {
	text := string(word)
	common, own := ranks()[text], e.own[text]
	if common == 0 || own > 0 && own < common {
		return own
	}
	return common
}

// sequences finds runs of characters with equal distances, such as "abcd" and "97531".
func (e *estimate) sequences() {
	for i := 0; i < len(e.text)-1; {
		delta := e.text[i+1] - e.text[i]
		j := i + 2
		for j < len(e.text) && e.text[j]-e.text[j-1] == delta {
			j++
		}
		if one := delta == 1 || delta == -1; delta != 0 && delta >= -5 && delta <= 5 && (one || j-i > 2) {
			e.add(i, j, match.Match{Pattern: "sequence", Ascending: delta > 0})
		}
		i = j - 1
	}
}

// repeats finds parts that repeat a shorter one.
func (e *estimate) repeats() {
	n := len(e.text)
	for _, r := range repetitions(e.text) {
		e.repeat(0, r.length, e.text[:r.unit], r)
	}
	backwards := slices.Clone(e.text)
	slices.Reverse(backwards)
	for _, r := range repetitions(backwards) {
		if r.length < n {
			e.repeat(n-r.length, n, e.text[n-r.unit:], r)
		}
	}
}

func (e *estimate) repeat(i, j int, unit []rune, r repetition) {
	e.add(i, j, match.Match{Pattern: "repeat", BaseGuesses: guesses(string(unit), e.own), RepeatCount: r.length / r.unit})
}

// repetition is a unit that is repeated up to a length.
type repetition struct{ unit, length int }

// repetitions returns those at the beginning of a text whose unit is not a repetition itself. These are few:
// each unit is longer than the two before it together.
func repetitions(text []rune) (found []repetition) {
	longest := 0
	for unit := 1; unit <= len(text)/2; unit++ {
		length := unit
		for length+unit <= len(text) && slices.Equal(text[:unit], text[length:length+unit]) {
			length += unit
		}
		if length > unit && length > longest { // a repeated repetition is no longer than that of its unit
			found, longest = append(found, repetition{unit, length}), length
		}
	}
	return found
}
