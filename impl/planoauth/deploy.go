package main

import (
	"context"
	"fmt"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type deploy struct{ database }

// Run makes the registry match the spec.
func (d *deploy) Run(ctx context.Context) error {
	return d.with(ctx, func(ctx context.Context, d *db.DB) error {
		done, err := admin.DeployByCommand(ctx, d, time.Now())
		switch {
		case err != nil:
			return err
		case !done.Changed():
			fmt.Println("Everything is deployed: nothing changed.")
		default:
			fmt.Printf("Deployed: %d services and %d routes added, %d rows removed.\n", done.ServicesAdded, done.RoutesAdded, done.Removed)
		}
		return nil
	})
}
