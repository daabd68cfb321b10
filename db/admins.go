package db

import (
	"context"

	"github.com/uptrace/bun"
)

// lockAdmins makes transactions that remove an admin run one after the other.
const lockAdmins = "SELECT pg_advisory_xact_lock(hashtext('employees.admins'))"

// activeAdmins are the users who can administer PlanoAuth.
const activeAdmins = "FROM employees e JOIN users u ON u.id = e.user_id WHERE e.active AND e.access = 'admin' AND NOT u.suspended"

// LastAdmin reports whether a user is the only active admin who is not suspended. If it does not, another admin
// stays one until the transaction ends.
//
// Call it in the transaction that lowers, deactivates, suspends or deletes the user, before the change and after
// the user was locked (LockUser), and lock no other user afterwards.
func LastAdmin(ctx context.Context, tx bun.Tx, userID int64) (bool, error) {
	var admin, others bool
	err := tx.NewRaw("SELECT EXISTS (SELECT "+activeAdmins+" AND u.id = ?)", userID).Scan(ctx, &admin)
	if !admin || err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, lockAdmins); err != nil {
		return false, err
	}
	// A separate statement sees the changes of those who held the lock before.
	err = tx.NewRaw("SELECT EXISTS (SELECT "+activeAdmins+" AND u.id <> ?)", userID).Scan(ctx, &others)
	return err == nil && !others, err
}
