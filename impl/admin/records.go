package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// SetClient activates or deactivates a client.
func SetClient(ctx context.Context, d *db.DB, address string, active *bool, now time.Time) error {
	if active == nil {
		return errNothing
	}
	_, err := changePerson(ctx, d, "client set", address, now, func(ctx context.Context, tx bun.Tx, user *db.User) ([]string, error) {
		var client db.Client
		if err := lockRecord(ctx, tx, &client, user, db.RoleClient); err != nil {
			return nil, err
		}
		client.Active = *active
		return []string{"active"}, db.Update(ctx, tx, &client, "active")
	})
	return err
}

// lockRecord reads a record of a user and locks it until the transaction ends.
func lockRecord(ctx context.Context, tx bun.Tx, record any, user *db.User, role db.Role) error {
	if !user.Records.Has(role) {
		return fmt.Errorf("the user is no %s", role)
	}
	return tx.NewSelect().Model(record).Where("user_id = ?", user.ID).For("NO KEY UPDATE").Scan(ctx)
}
