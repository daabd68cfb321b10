package main

import (
	"context"
	"fmt"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type company struct {
	Add companyAdd `cmd:"" help:"Create a company, which clients may then name as theirs, and print its id."`
}

type companyAdd struct {
	database
	Name string `arg:"" help:"The name."`
}

// Run prints the id of the new company.
func (a *companyAdd) Run(ctx context.Context) error {
	return a.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		id, err := admin.AddCompany(ctx, d, a.Name)
		if err == nil {
			fmt.Println(id)
		}
		return err
	})
}
