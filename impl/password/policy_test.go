package password

import (
	"slices"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen"
)

func TestCheck(t *testing.T) {
	lookalikes := strings.Repeat("4@8({[<369!1|70$5+%2", 5) // 100 characters
	ownWords := OwnWords("ada.lovelace@example.com", "Ada", "Lovelace", "Desirée", "planoorder", "planoauth", lookalikes)
	for _, row := range []struct {
		password string
		rule     gen.ParamErrorRule
	}{
		{"analytical engine 1843", ""},
		{"nanoseconds on a wire", ""},
		{"日本語の長いパスワード文", ""},
		{"", gen.MinLength},
		{"kX9#qLz", gen.MinLength},
		{"üüüüüüü", gen.MinLength}, // 14 bytes
		{"ﬃﬃﬃ", gen.Guessable},     // 9 characters in NFKC
		{"password", gen.Guessable},
		{"aaaaaaaaaaaa", gen.Guessable},
		{"lovelaceplanoauth", gen.OwnWords},
		{"LovelacePlanoorder", gen.OwnWords},
		{"L0v3l4ceecalevol", gen.OwnWords},
		{"lovelacedesirée", gen.OwnWords},
		{"desiréedesirée", gen.OwnWords},
		{lookalikes, gen.OwnWords},
		{lookalikes[:64], gen.OwnWords},
		{lookalikes[1:64], ""},
		{strings.Repeat("a", 64) + "analytical engine 1843", gen.Guessable}, // only 64 are scored
		{"analytical engine 1843" + strings.Repeat("a", 10_000), ""},
	} {
		broken := Check(row.password, ownWords)
		switch {
		case broken == nil && row.rule != "":
			t.Errorf("%.40q breaks no rule, want %q", row.password, row.rule)
		case broken != nil && (broken.Rule != row.rule || broken.Message == "" || strings.Contains(broken.Message, row.password) && row.password != ""):
			t.Errorf("%.40q breaks %+v, want %q", row.password, *broken, row.rule)
		}
	}
}

func TestOwnWords(t *testing.T) {
	words := OwnWords("Ada.O'Neil+news@example.com", "", "Li", "Køge/Ａcme")
	want := []string{"ada", "neil", "news", "example", "com", "ada.o'neil+news@example.com", "køge", "acme", "køge/acme"}
	if !slices.Equal(words, want) {
		t.Errorf("the words are %q, want %q", words, want)
	}
}
