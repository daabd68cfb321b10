package admin

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// InsertCompany saves a new company. It returns db.ErrAlreadyExists if another one has the name, in upper or lower
// case.
func InsertCompany(ctx context.Context, tx bun.Tx, company *db.Company) error {
	if err := db.ReserveCompanyName(ctx, tx, company); err != nil {
		return err
	}
	return db.Insert(ctx, tx, company)
}

// AddCompany creates a company, which clients may then name as theirs, and returns its id.
func AddCompany(ctx context.Context, d *db.DB, name string, now time.Time) (id int64, _ error) {
	if err := checkText("NAME", companyName, name); err != nil {
		return 0, err
	}
	company := &db.Company{Name: name, Active: true, CreatedAt: now}
	err := change(ctx, d, "company add", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		event.Changed = []string{"name"}
		return InsertCompany(ctx, tx, company)
	})
	if errors.Is(err, db.ErrAlreadyExists) {
		return 0, errors.New("a company has this name already, in upper or lower case: `planoauth company list` prints all")
	}
	return company.ID, err
}

// ListCompanies returns all companies in the order of their names.
func ListCompanies(ctx context.Context, d *db.DB) (companies []db.Company, _ error) {
	err := d.NewSelect().Model(&companies).Order("name", "id").Scan(ctx)
	return companies, err
}
