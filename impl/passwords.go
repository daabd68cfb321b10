package impl

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/trustelem/zxcvbn"
	"github.com/uptrace/bun"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

const (
	minPassword    = 8  // characters
	judgedPassword = 64 // characters: zxcvbn takes long on longer ones, up to 0.1 s on these
	minOwnWord     = 3  // letters from which on a word of the person's counts
	minStrength    = 2  // of zxcvbn's 0 to 4: more than a million guesses
)

// hashParams are the current cost of a hash; lengths as in RFC 9106.
func (s *Server) hashParams() *argon2id.Params {
	return &argon2id.Params{
		Memory: s.Settings.Argon2Memory, Iterations: s.Settings.Argon2Time, Parallelism: 1, SaltLength: 16, KeyLength: 32,
	}
}

// hash hashes a password with argon2id at the current cost. It is called in a place.
func (s *Server) hash(password string) (string, error) {
	params := s.hashParams()
	s.hashed(params)
	return argon2id.CreateHash(norm.NFKC.String(password), params)
}

func (s *Server) hashed(params *argon2id.Params) {
	if s.Settings.OnHash != nil {
		s.Settings.OnHash(params.Memory, params.Iterations)
	}
}

// verify compares a password with a hash in a place. A hash that is not of the current cost, or bcrypt's, comes back renewed.
// Without a hash it costs the same time and is false.
func (s *Server) verify(ctx context.Context, password, hash string) (match bool, renewed string, err error) {
	var failed error
	err = s.places.do(ctx, func() {
		var outdated bool
		match, outdated, failed = s.compare(password, hash)
		if match && outdated && failed == nil {
			renewed, failed = s.hash(password)
		}
	})
	return match, renewed, errors.Join(err, failed)
}

// compare costs at least one hash of the current cost, also where the hash is an older and cheaper one, or cannot be read.
func (s *Server) compare(password, hash string) (match, outdated bool, err error) {
	normal := norm.NFKC.String(password)
	switch {
	case strings.TrimSpace(hash) == "":
	case strings.HasPrefix(hash, "$2"):
		outdated, match = true, bcrypt.CompareHashAndPassword([]byte(hash), []byte(normal)) == nil
	default:
		var params *argon2id.Params
		if match, params, err = argon2id.CheckHash(normal, hash); err != nil {
			s.Log.Error("a user has a password hash of unknown form", "cause", err.Error())
			match, outdated = false, true
			break
		}
		s.hashed(params)
		current := s.hashParams()
		outdated = params.Memory != current.Memory || params.Iterations != current.Iterations || params.Parallelism != current.Parallelism
	}
	if match || !outdated && strings.TrimSpace(hash) != "" {
		return match, outdated, nil
	}
	_, err = s.hash(password)
	return false, false, err
}

// acceptPassword judges a new password, if there is one, and hashes it unless something is broken, both in one hashing place.
// It adds what the password breaks to what else is broken.
func (s *Server) acceptPassword(ctx context.Context, param, password string, words []string, broken []gen.ParamError) (hash string, _ []gen.ParamError, err error) {
	if password == "" {
		return "", broken, nil
	}
	var failed error
	err = s.places.do(ctx, func() {
		if rule, message := judgePassword(password, words); rule != "" {
			broken = append(broken, paramError(param, rule, message))
		}
		if len(broken) == 0 {
			hash, failed = s.hash(password)
		}
	})
	return hash, broken, errors.Join(err, failed)
}

// judgePassword names the rule of the policy that a new password breaks, "" when it is good enough. It is called in a place.
func judgePassword(password string, ownWords []string) (rule gen.ParamErrorRule, message string) {
	password = norm.NFKC.String(password)
	if utf8.RuneCountInString(password) < minPassword {
		return gen.MinLength, "must have at least 8 characters"
	}
	judged := []rune(password)
	judged = judged[:min(len(judged), judgedPassword)]
	if zxcvbn.PasswordStrength(string(judged), ownWords).Score >= minStrength {
		return "", ""
	}
	if zxcvbn.PasswordStrength(string(judged), nil).Score >= minStrength {
		return gen.OwnWords, "is made of words that belong to the person"
	}
	return gen.Guessable, "is too easy to guess"
}

// ownWords splits what is known of a person into the words that a password should not be made of.
func ownWords(texts ...string) []string {
	var words []string
	for _, text := range texts {
		text = strings.ToLower(norm.NFKC.String(text))
		for _, word := range append(strings.FieldsFunc(text, isSeparator), text) {
			if utf8.RuneCountInString(word) >= minOwnWord {
				words = append(words, word)
			}
		}
	}
	return words
}

func isSeparator(r rune) bool { return strings.ContainsRune(" \t@.,;:+-_'’/", r) }

// hasPassword tells whether the user can sign in with a password; a blank hash counts as none.
func hasPassword(u *db.User) bool { return strings.TrimSpace(u.PasswordHash) != "" }

// setPasswordHash replaces the hash that the user was read with, and tells whether it did: one that was set since stays.
func setPasswordHash(ctx context.Context, idb bun.IDB, user *db.User, hash string) (bool, error) {
	done, err := idb.NewUpdate().Model((*db.User)(nil)).Set("password_hash = ?", hash).
		Where("id = ? AND coalesce(password_hash, '') = ?", user.ID, user.PasswordHash).Exec(ctx)
	return changedOne(done, err)
}
