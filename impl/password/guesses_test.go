package password

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/frequency"
)

// TestGuessesOfZXCVBN compares estimates for random passwords with zxcvbn's own. They are never higher, and
// seldom lower: zxcvbn reads "4" and "@" as "a" in one password only by turns, and overlooks some repeats.
func TestGuessesOfZXCVBN(t *testing.T) {
	const passwords = 600
	own := OwnWords("ada.lovelace@example.com", "Ada", "Lovelace", "Acme")
	random := rand.New(rand.NewPCG(18, 43))
	weak, stricter := 0, 0
	for range passwords {
		password := randomPassword(random, own)
		got, want := guesses(password, rankWords(own)), zxcvbn.PasswordStrength(password, own)
		if got > want.Guesses {
			t.Errorf("%q takes %.0f guesses, zxcvbn estimates %.0f", password, got, want.Guesses)
		}
		if want.Score < 2 {
			weak++
		} else if got < minGuesses {
			stricter++
		}
	}
	if weak < passwords/4 || stricter > passwords/50 {
		t.Errorf("%d of %d are weak, and %d more by this estimate", weak, passwords, stricter)
	}
}

// TestCheckTakesLessThanAHash checks passwords that are made to take long, with names that are as bad.
func TestCheckTakesLessThanAHash(t *testing.T) {
	cost := Cost{Memory: 19456, Passes: 2} // the default
	hash := cpuTime(t, func() {
		if _, err := argon2id.CreateHash(good, cost.params()); err != nil {
			t.Fatal(err)
		}
	})
	fibonacci := "ab"
	for a, b := "a", fibonacci; len(fibonacci) < scoredLength; a, b = b, fibonacci {
		fibonacci = b + a
	}
	for _, unit := range []string{
		"4@8({[<369!1|70$5+%2",             // look-alikes
		"@3+{@7À!@À0<39Ö2<$3@$1Ö(++36!!1(", // and others, with capitals
		"1|7", "1|7Aa", "0123456789", "01.02.", "1", "aeiothsrn", "AEIOTHSRN", "日本語の長いパスワード文", "😀😁😂🤣", "ﷺ", "ÀÉÎÖÜ", fibonacci,
		strings.NewReplacer("a", "1|7@", "b", "À$").Replace(fibonacci), "qwertyuiop[]", "qazwsxedc", "!@#$%^&*()_+", "\U0001F600\u0300",
	} {
		password := strings.Repeat(unit, 256/utf8.RuneCountInString(unit)+1)
		password = string([]rune(password)[:256])
		ownWords := OwnWords(password, strings.Repeat("Ada ", 50), reversed(password))
		if took := cpuTime(t, func() { Check(password, ownWords) }); took > hash/2 {
			t.Errorf("%.20q…: checking it takes %v, and a hash %v", unit, took, hash)
		}
	}
}

func randomPassword(random *rand.Rand, own []string) string {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	lists := frequency.FrequencyLists
	var b strings.Builder
	for b.Len() < 8 || random.IntN(3) == 0 {
		part := ""
		switch random.IntN(10) {
		case 0, 1:
			part = pick(lists["passwords"][:2000]...)
		case 2:
			part = pick(lists["english_wikipedia"]...)
		case 3:
			part = pick(own...)
		case 4:
			part = strings.Repeat(pick("a", "ab", "1", "Zz", "ada", "%&"), 2+random.IntN(4))
		case 5:
			part = pick("abcdef", "9876", "xyz", "2468", "fedcba")
		case 6:
			part = pick("qwerty", "!@#$%", "asdfghjkl;'", "zaq1", "qazwsxedc", "14789632", "aoeuidhtns")
		case 7:
			part = fmt.Sprintf(pick("%02d%02d%d", "%02d.%02d.%d", "%d/%d/%02d"), random.IntN(32), random.IntN(13), 1900+random.IntN(150))
		case 8:
			part = fmt.Sprint(1900 + random.IntN(130))
		case 9:
			for range 1 + random.IntN(4) {
				part += string(rune(33 + random.IntN(94)))
			}
		}
		switch random.IntN(8) {
		case 0:
			part = strings.NewReplacer("a", "@", "e", "3", "i", "1", "o", "0", "s", "$", "t", "7").Replace(part)
		case 1:
			part = strings.ToUpper(part[:1]) + part[1:]
		case 2:
			part = reversed(part)
		}
		b.WriteString(part)
	}
	return b.String()
}

func reversed(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}

// cpuTime is the processor time that work takes: the least of several runs, since garbage is collected too.
func cpuTime(t *testing.T, work func()) time.Duration {
	least := time.Hour
	for range 5 {
		var before, after syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
			t.Fatal(err)
		}
		work()
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
			t.Fatal(err)
		}
		least = min(least, time.Duration(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()))
	}
	return least
}
