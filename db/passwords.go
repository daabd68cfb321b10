package db

import (
	"context"

	"github.com/uptrace/bun"
)

// ReplacePasswordHash stores a new password hash unless the stored one has changed since the user was read.
// It reports whether it did.
func ReplacePasswordHash(ctx context.Context, idb bun.IDB, user *User, hash string) (bool, error) {
	result, err := idb.NewUpdate().Model((*User)(nil)).Set("password_hash = ?", hash).
		Where("id = ? AND coalesce(password_hash, '') = ?", user.ID, user.PasswordHash).Exec(ctx)
	if err != nil {
		return false, err
	}
	updated, err := result.RowsAffected()
	return updated == 1, err
}
