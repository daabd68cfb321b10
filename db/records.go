package db

import (
	"context"
	"errors"

	"github.com/uptrace/bun"
)

// InsertOrLockUser saves a new user. If a user has the e-mail address already, it locks and reads that one
// instead, and changes nothing.
func InsertOrLockUser(ctx context.Context, tx bun.Tx, user *User) (inserted bool, _ error) {
	for {
		err := InsertNew(ctx, tx, user)
		if !errors.Is(err, ErrAlreadyExists) {
			return err == nil, err
		}
		locked, err := found(tx.NewSelect().Model(user).Where("lower(email COLLATE \"C\") = ?", user.Email).For("UPDATE").Scan(ctx))
		if locked || err != nil {
			return false, err
		}
		// The user was deleted in between.
	}
}

// LastApplication returns the id of the application that a user used last, as far as links and sessions show, and 0 if
// they do not. The application cannot be deleted before the transaction ends.
func LastApplication(ctx context.Context, tx bun.Tx, userID int64) (id int64, _ error) {
	_, err := found(tx.NewRaw(`
SELECT id FROM applications WHERE id = (SELECT application_id FROM (
	SELECT application_id, created_at FROM links WHERE user_id = ?0
	UNION ALL SELECT application_id, created_at FROM sessions WHERE user_id = ?0) AS used ORDER BY created_at DESC LIMIT 1)
FOR KEY SHARE`, userID).Scan(ctx, &id))
	return id, err
}
