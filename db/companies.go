package db

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// lockCompanyNames makes transactions that name a company run one after the other. A unique index would refuse the
// names that several companies have already.
const lockCompanyNames = "SELECT pg_advisory_xact_lock(hashtext('companies.name'))"

// ReserveCompanyName returns ErrAlreadyExists if another company has the name, in upper or lower case. No other
// gets it until the transaction ends. Names are compared here, since what lower does depends on the database's locale.
func ReserveCompanyName(ctx context.Context, tx bun.Tx, company *Company) error {
	if _, err := tx.ExecContext(ctx, lockCompanyNames); err != nil {
		return err
	}
	var others []string
	err := tx.NewSelect().Model((*Company)(nil)).Column("name").
		Where("char_length(name) = ? AND id <> ?", utf8.RuneCountInString(company.Name), company.ID).Scan(ctx, &others)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(others, func(name string) bool { return strings.EqualFold(name, company.Name) }) {
		return ErrAlreadyExists
	}
	return nil
}
