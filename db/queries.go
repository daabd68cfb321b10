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

func (d *DB) user(ctx context.Context, condition string, value any) (*User, error) {
	u := &User{}
	var verified *time.Time
	err := d.Pool.QueryRow(ctx, `
SELECT u.id, u.email, u.email_verified_at, coalesce(u.password_hash, ''), u.first_name, u.last_name, u.phone, u.remember_me,
	coalesce(u.google_subject, ''), u.created_at, c.active, e.active, l.active
FROM users u`+recordsOf+`
WHERE `+condition, pgx.QueryExecModeCacheStatement, value).Scan(
		&u.ID, &u.Email, &verified, &u.PasswordHash, &u.FirstName, &u.LastName, &u.Phone, &u.RememberMe,
		&u.GoogleSubject, &u.CreatedAt, &u.Records.Client, &u.Records.Employee, &u.Records.Liaison)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	u.EmailVerifiedAt = orZero(verified)
	return u, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
