package token

import (
	"crypto/sha256"
	"strings"
	"testing"
)

// TestKinds walks the table of prefixes: no two are equal, and a token of one kind never passes for another.
func TestKinds(t *testing.T) {
	for kind, prefix := range prefixes {
		text, digest := New(Kind(kind))
		if !strings.HasPrefix(text, prefix) || len(prefix) != 5 || len(text) != 61 {
			t.Errorf("a token with the prefix %q is %q", prefix, text)
		}
		if digest != sha256.Sum256([]byte(text)) || digest != Digest(text) {
			t.Errorf("%s: the digest is not the SHA-256 of the token", prefix)
		}
		for other, otherPrefix := range prefixes {
			same := kind == other
			if HasShape(text, Kind(other)) != same || WellFormed(text, Kind(other)) != same {
				t.Errorf("a token %s… as a token %s…: want accepted %t", prefix, otherPrefix, same)
			}
			renamed := otherPrefix + text[len(prefix):]
			if !same && WellFormed(renamed, Kind(other)) {
				t.Errorf("a token %s… passes with the prefix %s", prefix, otherPrefix)
			}
		}
	}
}

// TestIssuedTokens checks that tokens issued by an earlier version stay valid.
func TestIssuedTokens(t *testing.T) {
	for kind, text := range [...]string{
		Session:     "plas_glirqsi76v3yhcmr3l4bck2shbehsgkjz43aids5xztdsaloxfnhlv6p",
		Application: "plaa_7msw4z6e7sj7gkpghgeaioq3ukcsyedjxx2daezg2k2q4h5clizwo5nz",
		Link:        "plal_m75mvi4s2ntzsrch5iumm7m6y7dt6khqz6xbcoxmxh2vgvuth6f3bpyd",
	} {
		if !WellFormed(text, Kind(kind)) {
			t.Errorf("%s is refused", text)
		}
	}
}

func TestWellFormed(t *testing.T) {
	good, _ := New(Session)
	for i := range good {
		for _, character := range "abcdefghijklmnopqrstuvwxyz234567A10-=\n\r\x00" {
			changed := good[:i] + string(character) + good[i+1:]
			if changed != good && WellFormed(changed, Session) {
				t.Errorf("%q with %q at %d is accepted", good, character, i)
			}
		}
	}
	for name, text := range map[string]string{
		"empty":           "",
		"prefix only":     "plas_",
		"too short":       good[:60],
		"too long":        good + "a",
		"upper case":      strings.ToUpper(good),
		"all line breaks": "plas_" + strings.Repeat("\n", 56),
		"not ASCII":       "plas_" + strings.Repeat("ü", 28),
	} {
		if WellFormed(text, Session) {
			t.Errorf("%s: %q is accepted", name, text)
		}
	}
	if !HasShape("plas_"+strings.Repeat("!", 56), Session) || HasShape(good[:60], Session) {
		t.Error("HasShape does not depend on prefix and length alone")
	}
}

func BenchmarkWellFormed(b *testing.B) {
	text, digest := New(Session)
	b.ReportAllocs()
	for b.Loop() {
		if !WellFormed(text, Session) || Digest(text) != digest {
			b.Fatal("the token is refused")
		}
	}
}
