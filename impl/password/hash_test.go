package password

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"

	"github.com/planoauth/planoauth/gen"
)

const (
	address = "192.0.2.1"
	good    = "analytical engine 1843"
)

// testCost is cheap, but uses enough memory for hashesIn to count hashes.
var testCost = Cost{Memory: 1024, Passes: 1}

func newHashing(cost Cost) (*Hashing, *bytes.Buffer) {
	var log bytes.Buffer
	return &Hashing{Cost: cost, Limiter: NewLimiter(1, time.Now), Log: slog.New(slog.NewTextHandler(&log, nil))}, &log
}

// hashesIn counts hashes of testCost by the memory that work allocates.
func hashesIn(work func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return int((after.TotalAlloc - before.TotalAlloc) >> 10 / uint64(testCost.Memory))
}

// hashOf returns an argon2id hash; PlanoAuth itself always uses one thread.
func hashOf(t *testing.T, password string, cost Cost, threads uint8) string {
	t.Helper()
	params := cost.params()
	params.Parallelism = threads
	hash, err := argon2id.CreateHash(password, params)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// TestVerify checks that every password costs one hash, whatever is stored, and that a match renews an
// outdated hash.
func TestVerify(t *testing.T) {
	old, err := bcrypt.GenerateFromPassword([]byte(good), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	const none, unreadable, current, outdated = "none", "unreadable", "current", "outdated"
	for _, row := range []struct{ name, hash, state string }{
		{"no user", "", none},
		{"blank hash", "  ", none},
		{"current cost", hashOf(t, good, testCost, 1), current},
		{"less memory", hashOf(t, good, Cost{Memory: 8, Passes: 1}, 1), outdated},
		{"other passes", hashOf(t, good, Cost{Memory: 8, Passes: 2}, 1), outdated},
		{"other threads", hashOf(t, good, Cost{Memory: 16, Passes: 1}, 2), outdated},
		{"bcrypt", string(old), outdated},
		{"unknown format", "sha1:abc", unreadable},
		{"broken argon2id", "$argon2id$v=19$m=8", unreadable},
		{"broken bcrypt", "$2a$99$x", none},
		{"argon2i", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", unreadable},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, log := newHashing(testCost)
			for _, password := range []string{good, "wrong"} {
				wantMatch := password == good && (row.state == current || row.state == outdated)
				wantRenewed := wantMatch && row.state == outdated
				var match bool
				var renewed string
				var err error
				hashes := hashesIn(func() { match, renewed, err = h.Verify(t.Context(), address, password, row.hash) })
				if match != wantMatch || (renewed != "") != wantRenewed || err != nil {
					t.Errorf("%s: match %t, renewed %q, error %v", password, match, renewed, err)
				}
				if hashes != 1 {
					t.Errorf("%s: it takes %d hashes, want 1", password, hashes)
				}
				if renewed == "" {
					continue
				}
				if match, again, err := h.Verify(t.Context(), address, password, renewed); !match || again != "" || err != nil {
					t.Errorf("the renewed hash: match %t, renewed %q, error %v", match, again, err)
				}
			}
			logged := log.String()
			if strings.Contains(logged, "reading a stored password hash failed") != (row.state == unreadable) {
				t.Errorf("the log is %q", logged)
			}
			if row.state == unreadable && strings.Contains(logged, row.hash) {
				t.Errorf("the log has the hash: %q", logged)
			}
		})
	}
}

// TestCostChanges verifies a hash of testCost after either part of the current cost has changed.
func TestCostChanges(t *testing.T) {
	hash := hashOf(t, good, testCost, 1)
	for _, cost := range []Cost{{Memory: testCost.Memory, Passes: 2}, {Memory: 2 * testCost.Memory, Passes: 1}, {Memory: 8, Passes: 1}} {
		h, _ := newHashing(cost)
		if match, renewed, err := h.Verify(t.Context(), address, good, hash); !match || renewed == "" || err != nil {
			t.Errorf("%+v: match %t, renewed %q, error %v", cost, match, renewed, err)
		}
	}
}

func TestNormalForm(t *testing.T) {
	h, _ := newHashing(testCost)
	hash, broken, err := h.HashNew(t.Context(), address, "Straße nach K\u00f6ln 1843", nil, false) // composed
	if broken != nil || err != nil {
		t.Fatal(broken, err)
	}
	if match, _, err := h.Verify(t.Context(), address, "Straße nach Ko\u0308ln 1843", hash); !match || err != nil {
		t.Errorf("the decomposed form: match %t, error %v", match, err)
	}
}

// TestVerifyAsTyped verifies a password that is not in its normal form. A refusal costs two hashes, whatever is
// stored.
func TestVerifyAsTyped(t *testing.T) {
	const typed, normal = "r\u00b4ivi`ere 1906 x", "r \u0301ivi`ere 1906 x"
	old, err := bcrypt.GenerateFromPassword([]byte(typed), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, hash     string
		match, renewed bool
		hashes         int
	}{
		{"of the text as typed", hashOf(t, typed, testCost, 1), true, true, 3},
		{"of the text as typed, bcrypt", string(old), true, true, 2},
		{"of the normal form", hashOf(t, normal, testCost, 1), true, false, 1},
		{"of another text", hashOf(t, good, testCost, 1), false, false, 2},
		{"unreadable", "sha1:abc", false, false, 2},
		{"none", "", false, false, 2},
	} {
		h, _ := newHashing(testCost)
		var match bool
		var renewed string
		hashes := hashesIn(func() { match, renewed, err = h.Verify(t.Context(), address, typed, row.hash) })
		if match != row.match || (renewed != "") != row.renewed || hashes != row.hashes || err != nil {
			t.Errorf("%s: match %t, renewed %q, %d hashes, error %v", row.name, match, renewed, hashes, err)
		}
		if renewed == "" {
			continue
		}
		if match, again, err := h.Verify(t.Context(), address, normal, renewed); !match || again != "" || err != nil {
			t.Errorf("%s, the renewed hash: match %t, renewed %q, error %v", row.name, match, again, err)
		}
	}
}

func TestHashNew(t *testing.T) {
	for _, row := range []struct {
		name, password string
		checkOnly      bool
		rule           gen.ParamErrorRule
		hashes         int
	}{
		{"good", good, false, "", 1},
		{"good, but another param is wrong", good, true, "", 0},
		{"broken rule", "short", false, gen.MinLength, 0},
		{"broken rule, and another param is wrong", "short", true, gen.MinLength, 0},
	} {
		h, _ := newHashing(testCost)
		var hash string
		var broken *Violation
		var err error
		hashes := hashesIn(func() { hash, broken, err = h.HashNew(t.Context(), address, row.password, nil, row.checkOnly) })
		if hashes != row.hashes || (hash != "") != (hashes > 0) || err != nil {
			t.Errorf("%s: %d hashes, hash %q, error %v", row.name, hashes, hash, err)
		}
		if (broken == nil) != (row.rule == "") || broken != nil && broken.Rule != row.rule {
			t.Errorf("%s: it breaks %v, want %q", row.name, broken, row.rule)
		}
	}
}

// TestNoSlot checks that without a slot nothing is hashed and no password matches.
func TestNoSlot(t *testing.T) {
	hash := hashOf(t, good, testCost, 1)
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHashing(testCost)
		release := make(chan struct{})
		for range 1 + maxQueued {
			go h.Limiter.Do(t.Context(), address, func() { <-release })
		}
		synctest.Wait()
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if match, _, err := h.Verify(t.Context(), address, good, hash); match || !errors.Is(err, ErrBusy) {
			t.Errorf("Verify with a full queue: match %t, error %v", match, err)
		}
		if hash, _, err := h.HashNew(t.Context(), address, good, nil, false); hash != "" || !errors.Is(err, ErrBusy) {
			t.Errorf("HashNew with a full queue: hash %q, error %v", hash, err)
		}
		close(release)
		synctest.Wait()
		h.Limiter.Do(t.Context(), address, func() {
			if match, _, err := h.Verify(canceled, address, good, hash); match || !errors.Is(err, context.Canceled) {
				t.Errorf("Verify for a caller who is gone: match %t, error %v", match, err)
			}
		})
	})
}
