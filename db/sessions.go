package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// ErrPreconditionFailed is returned when the user was deleted or changed, or got too many attempts, since the
// caller read them.
var ErrPreconditionFailed = errors.New("the user has changed, or was attempted too often, since they were read")

// SessionByToken returns the session of a token's digest, with the parts of its user that a session check
// needs. It is nil if there is none.
//
// Hot, hence pgx: every session check that the cache cannot answer runs it.
func (d *DB) SessionByToken(ctx context.Context, digest []byte) (*Session, error) {
	s := &Session{}
	u := &s.User
	var verified *time.Time
	err := d.readRow(ctx, `
SELECT s.id, s.user_id, s.application_id, s.method, s.redirect_url, s.ip, s.user_agent, s.created_at, s.last_used_at,
	u.email, u.email_verified_at, u.remember_me, u.suspended, c.active, e.active, l.active, coalesce(e.access, 'none')
FROM sessions s JOIN users u ON u.id = s.user_id`+joinRecords+`
WHERE s.token_digest = $1`, []any{d.sessions.hot(), digest},
		&s.ID, &s.UserID, &s.ApplicationID, &s.Method, &s.RedirectURL, &s.IP, &s.UserAgent, &s.CreatedAt, &s.LastUsedAt,
		&u.Email, &verified, &u.RememberMe, &u.Suspended, &u.Records.Client, &u.Records.Employee, &u.Records.Liaison, &u.Access)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	u.ID, u.EmailVerifiedAt = s.UserID, orZero(verified)
	return s, err
}

// NewSession describes a session to create, and the preconditions of the sign-in.
type NewSession struct {
	Session  *Session // to save; LastUsedAt is its CreatedAt
	Replaces int64    // id of a session that ends when the new one is created, 0 for none

	// Network is the client's network address. It becomes one of the user's known addresses, unless a sign-in
	// after KnownSince recorded it.
	Network    string
	KnownSince time.Time

	// Preconditions: the user is not suspended, and still has this password hash and this Google account; "" skips
	// a check.
	PasswordHash, GoogleSubject string
	// Precondition: since AttemptsSince, the attempts of this key by the network with this digest are fewer than
	// OwnAttempts, and those of all networks together fewer than AllAttempts. A nil key skips the check.
	AttemptsKey              []byte
	AttemptsBy               int64
	AttemptsSince            time.Time
	OwnAttempts, AllAttempts int

	// Event is saved with the session. Its subject is the user, who is also the actor unless an application is.
	Event AuditEvent
}

// CreateSession saves a new session with its audit event, and sets its id. If a precondition does not hold, it returns
// ErrPreconditionFailed and changes nothing: a session cannot be created beside a change that ends all
// others, and a right password that was found by too many attempts is not confirmed.
//
// Hot, hence prepared: to plan this statement takes longer than the rest of a sign-in apart from the password
// hash.
func CreateSession(ctx context.Context, idb bun.IDB, n NewSession) error {
	s := n.Session
	err := writeRow(ctx, idb, `
WITH made AS (
	INSERT INTO sessions (user_id, application_id, token_digest, method, redirect_url, ip, user_agent, created_at, last_used_at)
	SELECT u.id, $2, $3, $4, $5, $6, $7, $8::timestamptz, $8::timestamptz FROM users u
	WHERE u.id = $1 AND NOT u.suspended AND $15 IN ('', u.password_hash) AND $16 IN ('', u.google_subject)
	AND ($9::bytea IS NULL OR (SELECT count(*) FILTER (WHERE abs(network) = $17) < $11 AND count(*) FILTER (WHERE network > 0) < $18
		FROM tries AS t, `+madeAttempts+` WHERE key = $9 AND at > $10))
	FOR KEY SHARE OF u
	RETURNING id, user_id
), ended AS (DELETE FROM sessions USING made WHERE sessions.id = $12),
known AS (
	INSERT INTO known_addresses AS k (user_id, address, signed_in_at)
	SELECT made.user_id, $13, $8::timestamptz FROM made
	WHERE NOT EXISTS (SELECT FROM known_addresses WHERE user_id = $1 AND address = $13 AND signed_in_at > $14)
	ON CONFLICT (user_id, address) DO UPDATE SET signed_in_at = greatest(k.signed_in_at, excluded.signed_in_at)
), event AS (
	INSERT INTO audit_events (created_at, operation, status, actor_id, actor_application, subject_id, application,
		request_id, ip, user_agent, changed)
	SELECT $8::timestamptz, $19, $20, CASE $21 WHEN '' THEN made.user_id END, $21, made.user_id, $22,
		$23, $6, $7, coalesce($24::text[], '{}') FROM made
)
SELECT id FROM made`, []any{
		s.UserID, s.ApplicationID, s.TokenDigest, s.Method, s.RedirectURL, s.IP, s.UserAgent, s.CreatedAt,
		n.AttemptsKey, n.AttemptsSince, n.OwnAttempts, n.Replaces, n.Network, n.KnownSince, n.PasswordHash, n.GoogleSubject,
		n.AttemptsBy, n.AllAttempts, n.Event.Operation, n.Event.Status, n.Event.ActorApplication, n.Event.Application, n.Event.RequestID,
		n.Event.Changed}, &s.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrPreconditionFailed
	}
	return err
}

// SessionExists reports whether a session has not been deleted.
func SessionExists(ctx context.Context, idb bun.IDB, id int64) (bool, error) {
	return idb.NewSelect().Model((*Session)(nil)).Where("id = ?", id).Exists(ctx)
}

// EndSession deletes a session.
func EndSession(ctx context.Context, idb bun.IDB, id int64) error {
	_, err := idb.NewDelete().Model((*Session)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// EndSessions deletes the sessions of a user, those that are being handed over included, except one; 0 excepts
// none.
func EndSessions(ctx context.Context, idb bun.IDB, userID, except int64) error {
	_, err := idb.NewDelete().With("handed_over", DeleteHandedOver(idb, userID)).
		Model((*Session)(nil)).Where("user_id = ? AND id <> ?", userID, except).Exec(ctx)
	return err
}

// DeleteHandedOver is the statement that deletes the sessions of a user that are being handed over.
func DeleteHandedOver(idb bun.IDB, userID int64) *bun.DeleteQuery {
	return idb.NewDelete().Model((*Link)(nil)).Where("user_id = ? AND kind = ?", userID, HandedOverLink)
}
