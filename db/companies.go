package db

import (
	"context"

	"github.com/uptrace/bun"
)

// lockCompanyNames makes those wait for each other who give names to companies, until their transactions end. A
// unique index would refuse the names that were given twice before.
const lockCompanyNames = "SELECT pg_advisory_xact_lock(hashtext('companies.name'))"

// ReserveCompanyName returns ErrAlreadyExists if another company has the name, in upper or lower case. No other
// gets it until the transaction ends.
func ReserveCompanyName(ctx context.Context, tx bun.Tx, company *Company) error {
	if _, err := tx.ExecContext(ctx, lockCompanyNames); err != nil {
		return err
	}
	taken, err := tx.NewSelect().Model((*Company)(nil)).Where("lower(name) = lower(?) AND id <> ?", company.Name, company.ID).Exists(ctx)
	if err == nil && taken {
		return ErrAlreadyExists
	}
	return err
}
