package db

import (
	"context"

	"github.com/uptrace/bun"
)

// activeAdmin is the condition of employee records e of users u that make an active administrator.
const activeAdmin = "e.active AND e.access = 'admin' AND NOT u.suspended"

// LastAdmin reports whether a user is the only active administrator. Two transactions that ask wait for each other,
// so that they cannot both take away one of the last two. Lock the user before, and employee records only after it:
// it locks those of all administrators in the order of their ids.
func LastAdmin(ctx context.Context, tx bun.Tx, userID int64) (bool, error) {
	_, err := tx.ExecContext(ctx, "SELECT FROM employees WHERE active AND access = 'admin' ORDER BY id FOR UPDATE")
	if err != nil {
		return false, err
	}
	var last bool // in a statement of its own, which sees what the other transaction did
	err = tx.NewRaw(`
SELECT coalesce(bool_and(u.id = ?), false) FROM employees e JOIN users u ON u.id = e.user_id WHERE `+activeAdmin, userID).Scan(ctx, &last)
	return last, err
}
