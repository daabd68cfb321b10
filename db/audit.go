package db

import (
	"context"

	"github.com/uptrace/bun"
)

// ForgetInAudit takes the addresses and devices out of the audit events of a user. The ids stay.
func ForgetInAudit(ctx context.Context, tx bun.Tx, userID int64) error {
	_, err := tx.NewUpdate().Model((*AuditEvent)(nil)).Set("ip = '', user_agent = ''").
		Where("actor_id = ?0 OR subject_id = ?0", userID).Exec(ctx)
	return err
}
