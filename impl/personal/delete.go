package personal

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/ratelimit"
)

// By says who deletes a user.
type By int

const (
	// Operators are administrators and the command.
	Operators By = iota
	// Oneself is the user. If the address was never verified, its mails stay counted for a day: whoever registers
	// addresses of others could have them sent any number of mails.
	Oneself
)

// Delete deletes a user that the transaction has locked, and everything that belongs to them. Audit events and
// notifications keep the id.
func Delete(ctx context.Context, tx bun.Tx, userID int64, by By) error {
	user := &db.User{ID: userID}
	if err := tx.NewSelect().Model(user).WherePK().Scan(ctx); err != nil {
		return err
	}
	address := formats.NormalizeEmail(user.Email)
	if err := deleteAttempts(ctx, tx, address, by == Operators || !user.EmailVerifiedAt.IsZero()); err != nil {
		return err
	}
	for _, statement := range []string{
		// The requests for links that came in opaque mode. One that is being worked on finds no user.
		"DELETE FROM river_job WHERE args @> jsonb_build_object('email', ?0::text)",
		"DELETE FROM river_job WHERE kind = 'mail_link' AND args @> jsonb_build_object('user', ?1::bigint)",
		"DELETE FROM mails WHERE user_id IS NULL AND lower(to_email) = ?0",
	} {
		if _, err := tx.NewRaw(statement, address, userID).Exec(ctx); err != nil {
			return err
		}
	}
	if err := db.ForgetInAudit(ctx, tx, userID); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model(user).WherePK().Exec(ctx)
	return err
}

// deleteAttempts deletes the failed passwords of an e-mail address and, if mails is true, what was mailed.
func deleteAttempts(ctx context.Context, tx bun.Tx, email string, mails bool) error {
	keys := [][]byte{ratelimit.PasswordKey(email)}
	if mails {
		var applications []int64
		if err := tx.NewSelect().Table("applications").Column("id").Scan(ctx, &applications); err != nil {
			return err
		}
		keys = append(keys, ratelimit.MailKeys(email, applications)...)
	}
	// A row that is locked belongs to an attempt of this moment, whose transaction may wait for the user.
	_, err := tx.NewRaw("DELETE FROM tries WHERE key IN (SELECT key FROM tries WHERE key IN (?) FOR UPDATE SKIP LOCKED)",
		bun.List(keys)).Exec(ctx)
	return err
}
