package main

import (
	"context"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type personSignOut struct{ aboutPerson }

// Run prints who was signed out.
func (p *personSignOut) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		changed, err := admin.SignOutPerson(ctx, d, p.Email, time.Now())
		return p.say(changed, err, "is signed out of all sessions.")
	})
}

type personSuspend struct{ aboutPerson }

// Run prints who was suspended.
func (p *personSuspend) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		changed, err := admin.SuspendPerson(ctx, d, p.Email, time.Now())
		return p.say(changed, err, "is suspended and signed out of all sessions.")
	})
}

type personUnsuspend struct{ aboutPerson }

// Run prints who may sign in again.
func (p *personUnsuspend) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		changed, err := admin.UnsuspendPerson(ctx, d, p.Email, time.Now())
		return p.say(changed, err, "is not suspended and may sign in.")
	})
}

type personSetEmail struct {
	aboutPerson
	New      string `arg:"" help:"The new e-mail address."`
	Verified bool   `help:"Say that the new address is theirs. Otherwise, the next mailed link that they open verifies it."`
}

// Run prints who has the new address, and that nobody is mailed.
func (p *personSetEmail) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		changed, err := admin.SetEmail(ctx, d, p.Email, p.New, p.Verified, time.Now())
		return p.say(changed, err, "has this address now, and is signed out of all sessions. Nobody is mailed: tell them.")
	})
}
