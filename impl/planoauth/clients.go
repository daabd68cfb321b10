package main

import (
	"context"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type client struct {
	Set clientSet `cmd:"" help:"Activate or deactivate a client."`
}

type clientSet struct {
	database
	Email  string `arg:"" help:"The e-mail address."`
	Active *bool  `negatable:"" help:"Whether they may sign in as a client."`
}

// Run changes the client.
func (s *clientSet) Run(ctx context.Context) error {
	return s.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.SetClient(ctx, d, s.Email, s.Active, time.Now())
	})
}
