package main

import (
	"context"
	"fmt"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type migrate struct{ database }

// Run brings the schema up to date.
func (m *migrate) Run(ctx context.Context) error {
	return m.with(ctx, func(ctx context.Context, d *db.DB) error {
		applied, err := admin.MigrateByCommand(ctx, d, time.Now())
		switch {
		case err != nil:
			return err
		case applied == 0:
			fmt.Println("The schema is up to date: nothing changed.")
		default:
			fmt.Printf("Migrations applied: %d. The schema is up to date; `planoauth deploy` comes next.\n", applied)
		}
		return nil
	})
}
