package admin

import (
	"context"

	"github.com/planoauth/planoauth/db"
)

// AddCompany creates a company, which clients may then name as theirs, and returns its id. Names need not be
// unique.
func AddCompany(ctx context.Context, d *db.DB, name string) (id int64, err error) {
	if err := checkText("NAME", companyName, name); err != nil {
		return 0, err
	}
	err = d.Pool.QueryRow(ctx, "INSERT INTO companies (name) VALUES ($1) RETURNING id", name).Scan(&id)
	return id, err
}
