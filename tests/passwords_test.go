package tests

import (
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/password"
)

// TestOldHashes: bcrypt and argon2 hashes of another cost are verified, and replaced at the next sign-in.
func TestOldHashes(t *testing.T) {
	t.Parallel()
	old, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	check(t, err)
	for name, hash := range map[string]string{"bcrypt": string(old), "argon2id of another cost": hashOf(t, goodPassword)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSettings(func(s *impl.Settings) { s.Argon2Memory = 16 }))
			email := e.user(person{client: true})
			e.exec("UPDATE users SET password_hash = $1", hash)
			params := client.SessionsCreateParams{Email: email, Password: "wrong", Application: "planoorder"}
			want[client.InvalidPassword](e.api.SessionsCreate(t.Context(), params))(t)
			if e.count("users WHERE password_hash = $1", hash) != 1 {
				t.Error("a wrong password changed the hash")
			}
			params.Password = goodPassword
			for range 2 {
				want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), params))(t)
				if e.count("users WHERE password_hash LIKE '$argon2id$v=19$m=16,t=1,p=1$%'") != 1 {
					t.Error("the hash is not of the current cost")
				}
			}
		})
	}
}

// TestHashesAsTyped: an imported hash of a password as typed, not of its normal form, is verified, and replaced by
// one of the normal form.
func TestHashesAsTyped(t *testing.T) {
	t.Parallel()
	const typed, normal = "r\u00b4ivi`ere 1906 x", "r \u0301ivi`ere 1906 x"
	imported, err := bcrypt.GenerateFromPassword([]byte(typed), bcrypt.MinCost)
	check(t, err)
	for name, hash := range map[string]string{"bcrypt": string(imported), "argon2id of the current cost": hashOf(t, typed)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			email := e.user(person{client: true})
			e.exec("UPDATE users SET password_hash = $1", hash)
			for _, row := range []struct {
				password, slug string
				replaced       bool
			}{
				{"r\u00b4iviere 1906 x", "invalid-password", false},
				{normal, "invalid-password", false}, // not what the hash is of
				{typed, "action-successful", true},
				{typed, "action-successful", true},
				{normal, "action-successful", true},
			} {
				params := client.SessionsCreateParams{Email: email, Password: row.password, Application: "planoorder"}
				outcome, err := e.api.SessionsCreate(t.Context(), params)
				check(t, err)
				if outcome.Slug() != row.slug {
					t.Errorf("%q: the outcome is %s, want %s", row.password, outcome.Slug(), row.slug)
				}
				if replaced := e.count("users WHERE password_hash = $1", hash) == 0; replaced != row.replaced {
					t.Errorf("%q: the hash was replaced: %t, want %t", row.password, replaced, row.replaced)
				}
			}
		})
	}
}

// TestOldHashAtOnce: concurrent sign-ins with the right password all succeed, whichever renews the hash, and
// none counts as a failed attempt.
func TestOldHashAtOnce(t *testing.T) {
	t.Parallel()
	old, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	check(t, err)
	e := start(t, withSettings(func(s *impl.Settings) { s.HashWorkers = 10; s.ThrottlePasswords = []int{1}; s.Argon2Time = 1000 }))
	email := e.user(person{client: true})
	e.exec("UPDATE users SET password_hash = $1", string(old))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			outcome, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"})
			if err != nil || outcome.Slug() != "action-successful" {
				t.Errorf("the outcome is %v %v", outcome, err)
			}
		})
	}
	all.Wait()
	if e.count("tries") != 0 || e.count("users WHERE password_hash LIKE '$argon2id$%'") != 1 {
		t.Error("an attempt was counted, or the hash not renewed")
	}
}

// TestUnknownHash: a hash of unknown format matches no password and crashes nothing.
func TestUnknownHash(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	for _, hash := range []string{"sha1:abc", "$argon2id$v=19$m=8", "$2a$99$x", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"} {
		e.exec("UPDATE users SET password_hash = $1", hash)
		want[client.InvalidPassword](e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: "x", Application: "planoorder"}))(t)
	}
}

// TestDeletedMeanwhile deletes the user or the application while the password of a sign-in is hashed.
func TestDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for statement, slug := range map[string]string{
		"DELETE FROM users": "email-not-found",
		"DELETE FROM applications WHERE slug = 'planoorder'": "invalid-param",
	} {
		t.Run(slug, func(t *testing.T) {
			t.Parallel()
			var e *env
			e = start(t, onHash(func(password.Cost) { e.exec(statement) }))
			params := client.SessionsCreateParams{Email: e.user(person{client: true}), Password: goodPassword, Application: "planoorder"}
			outcome, err := e.api.SessionsCreate(t.Context(), params)
			if err != nil || outcome.Slug() != slug {
				t.Errorf("the outcome is %v %v", outcome, err)
			}
		})
	}
}

// TestBlankPassword: a blank hash counts as no password.
func TestBlankPassword(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true, noPassword: true})
	for _, hash := range []string{"", "  "} {
		e.exec("UPDATE users SET password_hash = $1", hash)
		want[client.UserHasNoPassword](e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: "x", Application: "planoorder"}))(t)
	}
}

// TestPasswordsAreNormalized: two Unicode encodings of one text are the same password.
func TestPasswordsAreNormalized(t *testing.T) {
	t.Parallel()
	e := start(t)
	params := registration("new@example.com")
	params.Client.Password = "Stra\u00dfe nach K\u00f6ln 1843" // composed
	want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), params))(t)
	signIn := client.SessionsCreateParams{Email: "new@example.com", Password: "Stra\u00dfe nach Ko\u0308ln 1843", Application: "planoorder"}
	want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), signIn))(t)
}

// TestRefusedPasswordsCostTheSame compares the hashing cost of refusals, whose time must not reveal who has
// an account.
func TestRefusedPasswordsCostTheSame(t *testing.T) {
	t.Parallel()
	const memory, mode = 64, 3 // so that one hash of the old cost more, or one of the current cost less, shows
	var spent atomic.Int64
	e := start(t, withSettings(func(s *impl.Settings) {
		s.Argon2Memory, s.Argon2Time = memory, mode
	}), onHash(func(cost password.Cost) { spent.Add(int64(cost.Memory) * int64(cost.Passes)) }))
	current, old := e.user(person{client: true}), e.user(person{client: true})
	bare := e.user(person{client: true, noPassword: true})
	// A sign-in brings the hash to the current cost.
	want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: current, Password: goodPassword, Application: "planoorder"}))(t)
	const oldHash = 8 * 1 // is checked before, and must be the cheaper one
	for _, row := range []struct {
		name, email string
		want        int64
	}{
		{"a wrong password", current, memory * mode},
		{"an unknown address", "nobody@example.com", memory * mode},
		{"a user without a password", bare, memory * mode},
		{"a wrong password of an old, cheaper hash", old, memory*mode + oldHash},
	} {
		for password, texts := range map[string]int64{"wrong": 1, "wro\u0301ng": 2} { // two: as typed, and its normal form
			spent.Store(0)
			_, err := e.api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: row.email, Password: password, Application: "planoorder"})
			check(t, err)
			if got := spent.Load(); got != texts*row.want {
				t.Errorf("%s (%+q) costs %d, not %d", row.name, password, got, texts*row.want)
			}
		}
	}
}
