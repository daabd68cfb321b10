package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
)

// joinRecords joins the records of users u; each is NULL where there is none.
const joinRecords = `
LEFT JOIN clients c ON c.user_id = u.id
LEFT JOIN employees e ON e.user_id = u.id
LEFT JOIN liaisons l ON l.user_id = u.id`

// userColumns are the columns of users u and of their records, with zero values where there is no user.
const userColumns = `coalesce(u.id, 0), coalesce(u.email, ''), u.email_verified_at, coalesce(u.password_hash, ''),
	coalesce(u.first_name, ''), coalesce(u.last_name, ''), coalesce(u.phone, ''), coalesce(u.remember_me, false),
	coalesce(u.google_subject, ''), coalesce(u.locale, ''), coalesce(u.suspended, false), u.created_at,
	c.active, e.active, l.active, coalesce(e.access, 'none')`

// readUser runs a hot query for userColumns, and more columns after them. The user is nil if there is none.
func (d *DB) readUser(ctx context.Context, query string, args []any, more ...any) (*User, error) {
	u := &User{}
	var verified, created *time.Time
	columns := []any{
		&u.ID, &u.Email, &verified, &u.PasswordHash, &u.FirstName, &u.LastName, &u.Phone, &u.RememberMe,
		&u.GoogleSubject, &u.Locale, &u.Suspended, &created,
		&u.Records.Client, &u.Records.Employee, &u.Records.Liaison, &u.Access,
	}
	err := d.readRow(ctx, query, args, append(columns, more...)...)
	if errors.Is(err, pgx.ErrNoRows) || u.ID == 0 {
		return nil, err
	}
	u.EmailVerifiedAt, u.CreatedAt = orZero(verified), orZero(created)
	return u, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// UserByEmail returns the user of an e-mail address in lower case. It is nil if there is none.
func (d *DB) UserByEmail(ctx context.Context, email string) (*User, error) {
	return d.user(ctx, `lower(u.email COLLATE "C") = $1`, email)
}

// UserByGoogleSubject returns the user who is linked to a Google account. It is nil if there is none.
func (d *DB) UserByGoogleSubject(ctx context.Context, subject string) (*User, error) {
	return d.user(ctx, "u.google_subject = $1", subject)
}

// UserByID returns a user. It is nil if there is none.
func (d *DB) UserByID(ctx context.Context, id int64) (*User, error) {
	return d.user(ctx, "u.id = $1", id)
}

// UserByRecord returns the user of a record of this kind. It is nil if there is none.
func (d *DB) UserByRecord(ctx context.Context, kind Role, id int64) (*User, error) {
	return d.user(ctx, "u.id = (SELECT user_id FROM "+string(kind)+"s WHERE id = $1)", id)
}

// user is hot, hence pgx: sign-ins and users/read run it.
func (d *DB) user(ctx context.Context, condition string, value any) (*User, error) {
	u, err := d.readUser(ctx, "SELECT "+userColumns+" FROM users u"+joinRecords+" WHERE "+condition, []any{d.sessions.hot(), value})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return u, err
}

// Account is an e-mail address with its user, if there is one, and the attempts made for it.
type Account struct {
	User     *User     // nil if no user has the address
	Known    bool      // whether the user has signed in from the network address of the request
	Attempts []Attempt // the oldest first
}

// AccountByEmail returns the account of an e-mail address in lower case, with the attempts of a key. The
// network address is known if its user has signed in from it since a time.
//
// Hot, hence pgx: each sign-in with a password starts with it.
func (d *DB) AccountByEmail(ctx context.Context, email, address string, since time.Time, key []byte) (*Account, error) {
	a := &Account{}
	var times []time.Time
	var networks []int64
	user, err := d.readUser(ctx, `
SELECT `+userColumns+`, k.user_id IS NOT NULL, t.times, t.networks
FROM (VALUES (0)) AS one LEFT JOIN users u ON lower(u.email COLLATE "C") = $1`+joinRecords+`
LEFT JOIN known_addresses k ON k.user_id = u.id AND k.address = $2 AND k.signed_in_at > $3
LEFT JOIN tries t ON t.key = $4`, []any{d.sessions.hot(), email, address, since, key}, &a.Known, &times, &networks)
	a.User, a.Attempts = user, attempts(times, networks)
	return a, err
}

// LockUser locks a user until the transaction ends, so that no session can be created for them meanwhile. It
// returns the current password hash, "" for none, or ErrPreconditionFailed if the user was deleted.
func LockUser(ctx context.Context, tx bun.Tx, id int64) (passwordHash string, _ error) {
	err := tx.NewRaw("SELECT coalesce(password_hash, '') FROM users WHERE id = ? FOR UPDATE", id).Scan(ctx, &passwordHash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrPreconditionFailed
	}
	return passwordHash, err
}

// ReplacePasswordHash saves a new password hash unless the saved one has changed since the user was read. It
// reports whether it did.
func ReplacePasswordHash(ctx context.Context, idb bun.IDB, user *User, hash string) (bool, error) {
	return ChangedOne(idb.NewUpdate().Model((*User)(nil)).Set("password_hash = ?", hash).
		Where("id = ? AND coalesce(password_hash, '') = ?", user.ID, user.PasswordHash).Exec(ctx))
}

// SetRememberMe saves the preference, and reports whether it has changed. Where it lifts the limits of sessions, those
// that were created or last used at these times or earlier have expired and are deleted first, except one; so are those
// that were handed over.
func SetRememberMe(ctx context.Context, idb bun.IDB, userID int64, remember bool, created, lastUsed time.Time, except int64) (bool, error) {
	return ChangedOne(idb.NewRaw(`
WITH ended AS (
	DELETE FROM sessions USING users u
	WHERE user_id = u.id AND u.id = ?0 AND ?1 AND NOT u.remember_me
	AND (sessions.created_at <= ?2 OR last_used_at <= ?3) AND sessions.id <> ?4
), handed_over AS (
	DELETE FROM links USING users u WHERE user_id = u.id AND u.id = ?0 AND ?1 AND NOT u.remember_me AND session_created_at <= ?2)
UPDATE users SET remember_me = ?1 WHERE id = ?0 AND remember_me <> ?1`, userID, remember, created, lastUsed, except).Exec(ctx))
}

// SetLocale saves the language of mails to a user.
func SetLocale(ctx context.Context, idb bun.IDB, userID int64, locale string) error {
	_, err := idb.NewUpdate().Model((*User)(nil)).Set("locale = ?", locale).Where("id = ?", userID).Exec(ctx)
	return err
}

// VerifyEmail marks the e-mail address of a user as verified, unless it was already.
func VerifyEmail(ctx context.Context, idb bun.IDB, userID int64, now time.Time) error {
	_, err := idb.NewUpdate().Model((*User)(nil)).Set("email_verified_at = ?", now).
		Where("id = ? AND email_verified_at IS NULL", userID).Exec(ctx)
	return err
}

// ClaimUser marks the e-mail address of a user as verified by somebody who is not signed in, and reports
// whether this was the first verification. The first one removes what a stranger may have left who registered
// the address: sessions, known addresses, remember_me and the Google account. The password is up to the
// caller, who has locked the user.
func ClaimUser(ctx context.Context, tx bun.Tx, user *User, now time.Time) (first bool, _ error) {
	first, err := ChangedOne(tx.NewUpdate().Model(user).Set("email_verified_at = ?, remember_me = false, google_subject = NULL", now).
		WherePK().Where("email_verified_at IS NULL").Exec(ctx))
	if err != nil || !first {
		return false, err
	}
	user.EmailVerifiedAt, user.RememberMe, user.GoogleSubject = now, false, ""
	if _, err := tx.NewDelete().Table("known_addresses").Where("user_id = ?", user.ID).Exec(ctx); err != nil {
		return true, err
	}
	return true, EndSessions(ctx, tx, user.ID, 0)
}

// LinkGoogle links a user to a Google account. It returns ErrAlreadyExists if the user is linked to one, or
// has another address.
func LinkGoogle(ctx context.Context, idb bun.IDB, user *User, email string) error {
	linked, err := ChangedOne(idb.NewUpdate().Model(user).Column("google_subject").WherePK().
		Where("google_subject IS NULL AND lower(email COLLATE \"C\") = ?", email).Exec(ctx))
	if err == nil && !linked {
		return ErrAlreadyExists
	}
	return err
}

// ReplaceEmail saves the e-mail address of a user, its verification and the linked Google account. It returns
// ErrAlreadyExists if another user has the address; then the transaction cannot go on.
func ReplaceEmail(ctx context.Context, tx bun.Tx, user *User) error {
	err := Update(ctx, tx, user, "email", "email_verified_at", "google_subject")
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Code == "23505" {
		return ErrAlreadyExists
	}
	return err
}

// SetGoogle links a user who is linked to no Google account, or unlinks one who has a password, if the account is
// "". It reports whether it did.
func SetGoogle(ctx context.Context, idb bun.IDB, user *User, subject string) (bool, error) {
	update := idb.NewUpdate().Model((*User)(nil)).Set("google_subject = nullif(?, '')", subject).Where("id = ?", user.ID)
	if subject == "" {
		return ChangedOne(update.Where("btrim(password_hash) <> ''").Exec(ctx))
	}
	return ChangedOne(update.Where("google_subject IS NULL").Exec(ctx))
}

// ReadRecords sets the records of users, and their access.
func ReadRecords(ctx context.Context, idb bun.IDB, users []User) error {
	if len(users) == 0 {
		return nil
	}
	ids, byID := make([]int64, len(users)), make(map[int64]*User, len(users))
	for i := range users {
		ids[i], byID[users[i].ID] = users[i].ID, &users[i]
	}
	var rows []struct {
		ID                        int64
		Client, Employee, Liaison *bool
		Access                    Access
	}
	err := idb.NewRaw(`
SELECT u.id, c.active AS client, e.active AS employee, l.active AS liaison, coalesce(e.access, 'none') AS access
FROM users u`+joinRecords+` WHERE u.id IN (?)`, bun.List(ids)).Scan(ctx, &rows)
	for _, row := range rows {
		byID[row.ID].Records, byID[row.ID].Access = Records{row.Client, row.Employee, row.Liaison}, row.Access
	}
	return err
}

// RecordRows are the rows of a user's records, nil where there is none.
type RecordRows struct {
	Client   *Client
	Employee *Employee
	Liaison  *Liaison
}

// RecordsOf reads the records of a user.
func RecordsOf(ctx context.Context, idb bun.IDB, userID int64) (records RecordRows, _ error) {
	read := func(model any) (bool, error) {
		return found(idb.NewSelect().Model(model).Where("user_id = ?", userID).Scan(ctx))
	}
	client, employee, liaison := &Client{}, &Employee{}, &Liaison{}
	if has, err := read(client); err != nil {
		return records, err
	} else if has {
		records.Client = client
	}
	if has, err := read(employee); err != nil {
		return records, err
	} else if has {
		records.Employee = employee
	}
	has, err := read(liaison)
	if has {
		records.Liaison = liaison
	}
	return records, err
}

// LastSignIn returns when a user signed in last, as far as sessions and known addresses show. It is zero if
// they do not.
func LastSignIn(ctx context.Context, idb bun.IDB, userID int64) (time.Time, error) {
	var last *time.Time
	err := idb.NewRaw(`
SELECT greatest((SELECT max(created_at) FROM sessions WHERE user_id = ?0),
	(SELECT max(signed_in_at) FROM known_addresses WHERE user_id = ?0))`,
		userID).Scan(ctx, &last)
	return orZero(last), err
}
