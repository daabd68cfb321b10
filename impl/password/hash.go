package password

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

// Cost is the cost of an argon2id hash. A hash uses one core.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
}

// params returns the parameters of a new hash, with the lengths that RFC 9106 recommends.
func (c Cost) params() *argon2id.Params {
	return &argon2id.Params{Memory: c.Memory, Iterations: c.Passes, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// Hashing hashes and verifies the passwords of one server. All fields must be set.
type Hashing struct {
	Cost    Cost // of new hashes
	Limiter *Limiter
	Log     *slog.Logger // for stored hashes that cannot be read

	// OnHash, if set, is called in the slot of each argon2id hash, with its cost. Tests count and delay hashes
	// with it.
	OnHash func(Cost)
}

// Verify reports whether a password matches a stored hash. Pass a blank hash for an unknown user and for a
// user without a password. If the hash matches but is not of the current cost, renewed is the hash to store
// instead. The address is the client's, for the Limiter. Errors are those of Limiter.Do.
func (h *Hashing) Verify(ctx context.Context, address, password, hash string) (match bool, renewed string, err error) {
	err = h.inSlot(ctx, address, func() (err error) {
		match, renewed, err = h.verify(password, hash)
		return err
	})
	return match, renewed, err
}

// HashNew checks a new password against the policy and hashes it, both in one slot. The hash is "" if the
// password breaks a rule or if checkOnly is true. The address is the client's, for the Limiter. Errors are
// those of Limiter.Do.
func (h *Hashing) HashNew(ctx context.Context, address, password string, ownWords []string, checkOnly bool) (
	hash string, broken *Violation, err error,
) {
	err = h.inSlot(ctx, address, func() (err error) {
		normal := norm.NFKC.String(password)
		if broken = Check(normal, ownWords); broken == nil && !checkOnly {
			hash, err = h.hash(normal)
		}
		return err
	})
	return hash, broken, err
}

func (h *Hashing) inSlot(ctx context.Context, address string, work func() error) error {
	var failed error
	err := h.Limiter.Do(ctx, address, func() { failed = work() })
	return errors.Join(err, failed)
}

// verify compares a hash with the normal form of a password and, if that is another text, with the password
// as typed: imported hashes may be of that. A refusal takes a hash of the current cost for each of the two,
// whatever is stored.
func (h *Hashing) verify(password, hash string) (match bool, renewed string, err error) {
	normal := norm.NFKC.String(password)
	texts := [2]string{normal, password}
	n := 1
	if password != normal {
		n = 2
	}
	for _, text := range texts[:n] {
		match, current := h.compare(text, hash)
		switch {
		case match && current && text == normal:
			return true, "", nil
		case !match && current:
			continue
		}
		renewed, err := h.hash(normal) // also without a match
		if match || err != nil {
			return match, renewed, err
		}
	}
	return false, "", nil
}

// compare reports whether a password, as it is, matches a hash, and whether the hash has the current format
// and cost.
func (h *Hashing) compare(password, hash string) (match, current bool) {
	switch {
	case strings.TrimSpace(hash) == "":
		return false, false
	case strings.HasPrefix(hash, "$2"):
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil, false
	}
	match, params, err := argon2id.CheckHash(password, hash)
	if err != nil {
		h.Log.Error("reading a stored password hash failed", "cause", err.Error())
		return false, false
	}
	cost := Cost{Memory: params.Memory, Passes: params.Iterations}
	h.onHash(cost)
	return match, cost == h.Cost && params.Parallelism == 1
}

// hash makes a hash of the current cost. The password must be in its normal form.
func (h *Hashing) hash(password string) (string, error) {
	h.onHash(h.Cost)
	return argon2id.CreateHash(password, h.Cost.params())
}

func (h *Hashing) onHash(cost Cost) {
	if h.OnHash != nil {
		h.OnHash(cost)
	}
}
