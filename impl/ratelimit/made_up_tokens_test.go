package ratelimit

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
)

func digestOf(n int) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func TestSummary(t *testing.T) {
	t.Parallel()
	const rows = 100_000
	s := newSummary(rows, minute)
	for n := range rows {
		digest := digestOf(n)
		s.add(digest[:])
	}
	wrong := 0
	for n := range 2 * rows {
		digest := digestOf(n)
		may := s.mayContain(digest[:])
		if n < rows && !may {
			t.Fatal("a digest that was added is missing")
		}
		if n >= rows && may {
			wrong++
		}
	}
	if wrong > rows/200 {
		t.Errorf("%d of %d others seem to have been added", wrong, rows)
	}
	if s.added = rows; s.crowded() {
		t.Error("it is crowded")
	}
	if s.added = 1 << 30; !s.crowded() {
		t.Error("it is not crowded")
	}
}

// TestMadeUpTokens: a network that has presented 1,000 unknown tokens gets no look-up for another one, as long
// as the summary is fresh.
func TestMadeUpTokens(t *testing.T) {
	t.Parallel()
	const network = "203.0.113.7"
	tokens := NewMadeUpTokens(NewMadeUpCounts(), db.SessionDigests, nil, nil, nil)
	for n := range maxMadeUp {
		if tokens.Unknown(network, digestOf(n), minute) {
			t.Fatalf("the token %d gets no look-up", n)
		}
		tokens.Count(network, digestOf(n), minute)
	}
	good, fresh := digestOf(-1), digestOf(-2)
	if tokens.Unknown(network, good, minute) || !tokens.needed.Load() {
		t.Error("a token is unknown before the summary was made, or none is asked for")
	}
	s := newSummary(1, minute)
	s.add(good[:])
	tokens.use(s, minute)
	tokens.Made(fresh[:])
	for _, row := range []struct {
		name, network string
		digest        [32]byte
		after         time.Duration
		want          bool
	}{
		{"a good token", network, good, 0, false},
		{"a good token that was made just now", network, fresh, 0, false},
		{"a made-up token", network, digestOf(5000), 0, true},
		{"one that was looked up before", network, digestOf(0), 0, true},
		{"one from another network", "203.0.113.8", digestOf(5000), 0, false},
		{"one with an old summary", network, digestOf(5000), 6 * time.Second, false},
		{"one a minute later", network, digestOf(0), time.Minute, false},
	} {
		if got := tokens.Unknown(row.network, row.digest, minute.Add(row.after)); got != row.want {
			t.Errorf("%s is certainly unknown: %v", row.name, got)
		}
	}
}
