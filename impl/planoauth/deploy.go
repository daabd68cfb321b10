package main

import (
	"context"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type deploy struct{ database }

// Run makes the registry match the spec.
func (d *deploy) Run(ctx context.Context) error {
	return d.with(ctx, func(ctx context.Context, d *db.DB) error { return admin.Deploy(ctx, d, time.Now()) })
}
