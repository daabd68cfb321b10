package db

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// recordsOf joins the three kinds of records to users u; each is NULL where there is none.
const recordsOf = `
LEFT JOIN clients c ON c.user_id = u.id
LEFT JOIN employees e ON e.user_id = u.id
LEFT JOIN liaisons l ON l.user_id = u.id`

// SessionByToken finds a session by the digest of its token, with what a check needs of its user. It is nil when there is
// none.
func (d *DB) SessionByToken(ctx context.Context, digest []byte) (*Session, error) {
	s := &Session{}
	u := &s.User
	var verified *time.Time
	err := d.Pool.QueryRow(ctx, `
SELECT s.id, s.user_id, s.application_id, s.method, s.redirect_url, s.ip, s.user_agent, s.created_at, s.last_used_at,
	u.email, u.email_verified_at, u.remember_me, c.active, e.active, l.active
FROM sessions s JOIN users u ON u.id = s.user_id`+recordsOf+`
WHERE s.token_digest = $1`, pgx.QueryExecModeCacheStatement, digest).Scan(
		&s.ID, &s.UserID, &s.ApplicationID, &s.Method, &s.RedirectURL, &s.IP, &s.UserAgent, &s.CreatedAt, &s.LastUsedAt,
		&u.Email, &verified, &u.RememberMe, &u.Records.Client, &u.Records.Employee, &u.Records.Liaison)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	u.ID, u.EmailVerifiedAt = s.UserID, orZero(verified)
	return s, err
}

// UserByEmail finds a user by an e-mail address in lower case. It is nil when there is none.
func (d *DB) UserByEmail(ctx context.Context, email string) (*User, error) {
	return d.user(ctx, "lower(u.email) = $1", email)
}

// UserByGoogleSubject finds a user by Google's own id of the linked account. It is nil when there is none.
func (d *DB) UserByGoogleSubject(ctx context.Context, subject string) (*User, error) {
	return d.user(ctx, "u.google_subject = $1", subject)
}

// UserByID finds a user. It is nil when there is none.
func (d *DB) UserByID(ctx context.Context, id int64) (*User, error) {
	return d.user(ctx, "u.id = $1", id)
}

// userColumns are the columns of users u and of their records; of no user at all, the zero value of each.
const userColumns = `coalesce(u.id, 0), coalesce(u.email, ''), u.email_verified_at, coalesce(u.password_hash, ''), coalesce(u.first_name, ''),
	coalesce(u.last_name, ''), coalesce(u.phone, ''), coalesce(u.remember_me, false), coalesce(u.google_subject, ''), u.created_at,
	c.active, e.active, l.active`

// scanUser reads userColumns, and what follows them. The user is nil when there is none.
func scanUser(row pgx.Row, more ...any) (*User, error) {
	u := &User{}
	var verified, created *time.Time
	err := row.Scan(append([]any{&u.ID, &u.Email, &verified, &u.PasswordHash, &u.FirstName, &u.LastName, &u.Phone, &u.RememberMe,
		&u.GoogleSubject, &created, &u.Records.Client, &u.Records.Employee, &u.Records.Liaison}, more...)...)
	if errors.Is(err, pgx.ErrNoRows) || u.ID == 0 {
		return nil, err
	}
	u.EmailVerifiedAt, u.CreatedAt = orZero(verified), orZero(created)
	return u, err
}

func (d *DB) user(ctx context.Context, condition string, value any) (*User, error) {
	u, err := scanUser(d.Pool.QueryRow(ctx, "SELECT "+userColumns+" FROM users u"+recordsOf+" WHERE "+condition, pgx.QueryExecModeCacheStatement, value))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return u, err
}

// Account is an e-mail address, whether or not a user has it, with what was tried for it.
type Account struct {
	User  *User       // nil when no user has the address
	Key   []byte      // of the row of tries
	Tries []time.Time // the oldest first
}

// AccountByEmail finds an account by an e-mail address in lower case. Its tries are those of strangers, or those of the caller's
// address if the user has signed in from it since a time.
func (d *DB) AccountByEmail(ctx context.Context, email, address string, since time.Time, strangers, known []byte) (*Account, error) {
	a := &Account{}
	user, err := scanUser(d.Pool.QueryRow(ctx, `
SELECT `+userColumns+`, tried.key, t.times
FROM (VALUES (0)) AS one LEFT JOIN users u ON lower(u.email) = $1`+recordsOf+`
LEFT JOIN known_addresses k ON k.user_id = u.id AND k.address = $2 AND k.signed_in_at > $3
CROSS JOIN LATERAL (SELECT CASE WHEN k.user_id IS NULL THEN $4::bytea ELSE $5::bytea END) AS tried (key)
LEFT JOIN tries t ON t.key = tried.key`, pgx.QueryExecModeCacheStatement, email, address, since, strangers, known), &a.Key, &a.Tries)
	a.User = user
	return a, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
