package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
)

type company struct {
	List companyList `cmd:"" help:"List the companies."`
	Add  companyAdd  `cmd:"" help:"Create a company, which clients may then name as theirs, and print its id."`
}

type companyList struct {
	database
	listing
}

// Run prints the companies by name.
func (l *companyList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		companies, err := admin.ListCompanies(ctx, d)
		if err != nil {
			return err
		}
		items, rows := make([]gen.Company, len(companies)), make([][]string, len(companies))
		for i, c := range companies {
			items[i] = gen.Company{ID: c.ID, Name: c.Name, Active: &c.Active, CreatedAt: timeText(c.CreatedAt)}
			rows[i] = []string{strconv.FormatInt(c.ID, 10), c.Name, yes(c.Active), dateText(c.CreatedAt)}
		}
		return l.print(items, []string{"ID", "NAME", "ACTIVE", "CREATED"}, rows)
	})
}

type companyAdd struct {
	database
	Name string `arg:"" help:"The name, which no other company has."`
}

// Run prints the id of the new company.
func (a *companyAdd) Run(ctx context.Context) error {
	return a.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		id, err := admin.AddCompany(ctx, d, a.Name, time.Now())
		if err == nil {
			fmt.Println(id)
		}
		return err
	})
}
