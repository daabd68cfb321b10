package main

import (
	"context"

	"github.com/planoauth/planoauth/db"
)

type migrate struct{ database }

// Run brings the schema up to date.
func (m *migrate) Run(ctx context.Context) error { return m.with(ctx, db.Migrate) }
