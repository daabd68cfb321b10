package db

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// newUser saves a user and returns a session of them that is not saved yet.
func newUser(t testing.TB, d *DB) (*User, func() *Session) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	user := &User{Email: rand.Text() + "@example.com", PasswordHash: "hash", GoogleSubject: rand.Text(), CreatedAt: now}
	if err := Insert(t.Context(), d, user); err != nil {
		t.Fatal(err)
	}
	return user, func() *Session {
		return &Session{UserID: user.ID, ApplicationID: 1, TokenDigest: []byte(rand.Text()), Method: "password", CreatedAt: now}
	}
}

func TestCreateSession(t *testing.T) {
	d := openDB(t)
	user, session := newUser(t, d)
	key, anHourAgo := []byte(rand.Text()), time.Now().Add(-time.Hour)
	before := anHourAgo.Add(-time.Hour)
	_, err := d.NewRaw("INSERT INTO tries (key, times, networks, last_at) VALUES (?0, ARRAY[?1::timestamptz, ?1, ?1], '{7,-7,8}', ?1)", key, anHourAgo).Exec(t.Context())
	check(t, err)
	for _, row := range []struct {
		name string
		NewSession
		want error
	}{
		{"no precondition", NewSession{}, nil},
		{"the same password hash and Google account", NewSession{PasswordHash: "hash", GoogleSubject: user.GoogleSubject}, nil},
		{"another password hash", NewSession{PasswordHash: "another"}, ErrPreconditionFailed},
		{"another Google account", NewSession{GoogleSubject: "another"}, ErrPreconditionFailed},
		{"attempts below both limits", NewSession{AttemptsKey: key, AttemptsBy: 7, AttemptsSince: before, OwnAttempts: 3, AllAttempts: 3}, nil},
		{"attempts of the network at the limit", NewSession{AttemptsKey: key, AttemptsBy: 7, AttemptsSince: before, OwnAttempts: 2, AllAttempts: 3}, ErrPreconditionFailed},
		{"attempts of all networks at the limit", NewSession{AttemptsKey: key, AttemptsBy: 9, AttemptsSince: before, OwnAttempts: 1, AllAttempts: 2}, ErrPreconditionFailed},
		{"older attempts", NewSession{AttemptsKey: key, AttemptsBy: 7, AttemptsSince: anHourAgo, OwnAttempts: 1, AllAttempts: 1}, nil},
		{"no attempts", NewSession{AttemptsKey: []byte("none"), AttemptsBy: 7, AttemptsSince: before, OwnAttempts: 1, AllAttempts: 1}, nil},
	} {
		row.Session = session()
		err := CreateSession(t.Context(), d, row.NewSession)
		if !errors.Is(err, row.want) {
			t.Errorf("%s: the error is %v, want %v", row.name, err, row.want)
		}
		if exists, err := SessionExists(t.Context(), d, row.Session.ID); err != nil || exists != (row.want == nil) {
			t.Errorf("%s: the session exists: %v, %v", row.name, exists, err)
		}
	}
}

func TestCreateSessionReplaces(t *testing.T) {
	d := openDB(t)
	_, session := newUser(t, d)
	first, second, failed := session(), session(), session()
	check(t, CreateSession(t.Context(), d, NewSession{Session: first}))
	err := CreateSession(t.Context(), d, NewSession{Session: failed, Replaces: first.ID, PasswordHash: "another"})
	if exists, _ := SessionExists(t.Context(), d, first.ID); !errors.Is(err, ErrPreconditionFailed) || !exists {
		t.Errorf("a failed precondition ended the session: %v", err)
	}
	check(t, CreateSession(t.Context(), d, NewSession{Session: second, Replaces: first.ID}))
	if exists, err := SessionExists(t.Context(), d, first.ID); err != nil || exists {
		t.Errorf("the replaced session exists: %v, %v", exists, err)
	}
}

// A session is created in a transaction too, and gone with it.
func TestCreateSessionInTransaction(t *testing.T) {
	d := openDB(t)
	_, session := newUser(t, d)
	s, rolledBack := session(), errors.New("rolled back")
	err := d.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		check(t, CreateSession(ctx, tx, NewSession{Session: s}))
		if exists, err := SessionExists(ctx, tx, s.ID); err != nil || !exists {
			t.Errorf("in its transaction the session exists: %v, %v", exists, err)
		}
		return rolledBack
	})
	if exists, _ := SessionExists(t.Context(), d, s.ID); exists || !errors.Is(err, rolledBack) {
		t.Errorf("after the rollback the session exists: %v, %v", exists, err)
	}
}

// The known address is recorded again only if no sign-in after KnownSince recorded it.
func TestCreateSessionRecordsTheAddress(t *testing.T) {
	d := openDB(t)
	user, session := newUser(t, d)
	signIn := func(after time.Duration, want time.Duration) {
		t.Helper()
		s := session()
		began := s.CreatedAt
		s.CreatedAt = began.Add(after)
		check(t, CreateSession(t.Context(), d, NewSession{Session: s, Network: "192.0.2.1", KnownSince: s.CreatedAt.Add(-24 * time.Hour)}))
		var at []time.Time
		check(t, d.NewSelect().Table("known_addresses").Column("signed_in_at").Where("user_id = ?", user.ID).Scan(t.Context(), &at))
		if len(at) != 1 || !at[0].Equal(began.Add(want)) {
			t.Errorf("after %v the address is known since %v", after, at)
		}
	}
	signIn(0, 0)
	signIn(time.Hour, 0)
	signIn(25*time.Hour, 25*time.Hour)
}
