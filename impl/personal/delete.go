package personal

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/ratelimit"
)

// Delete deletes a user, whom the transaction has locked, and everything that belongs to them. Audit events and
// notifications keep the id.
func Delete(ctx context.Context, tx bun.Tx, userID int64) error {
	user := &db.User{ID: userID}
	if err := tx.NewSelect().Model(user).WherePK().Scan(ctx); err != nil {
		return err
	}
	if err := deleteAttempts(ctx, tx, user.Email); err != nil {
		return err
	}
	address := strings.ToLower(user.Email)
	for _, statement := range []string{
		// The requests for links that came in opaque mode. One that is being worked on finds no user.
		"DELETE FROM river_job WHERE args @> jsonb_build_object('email', ?0::text)",
		"DELETE FROM mails WHERE user_id IS NULL AND lower(to_email) = ?0",
	} {
		if _, err := tx.NewRaw(statement, address).Exec(ctx); err != nil {
			return err
		}
	}
	if err := db.ForgetInAudit(ctx, tx, userID); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model(user).WherePK().Exec(ctx)
	return err
}

// deleteAttempts deletes what was counted for a mailbox.
func deleteAttempts(ctx context.Context, tx bun.Tx, email string) error {
	var applications []int64
	if err := tx.NewSelect().Table("applications").Column("id").Scan(ctx, &applications); err != nil {
		return err
	}
	// A row that is locked belongs to an attempt of this moment, whose transaction may wait for the user.
	_, err := tx.NewRaw("DELETE FROM tries WHERE key IN (SELECT key FROM tries WHERE key IN (?) FOR UPDATE SKIP LOCKED)",
		bun.In(ratelimit.Keys(email, applications))).Exec(ctx)
	return err
}
