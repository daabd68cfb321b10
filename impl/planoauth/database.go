package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/impl/admin"
)

// database are the flags of every verb that needs the database.
type database struct {
	DatabaseURL string `env:"DATABASE_URL" placeholder:"URL" help:"The postgres:// URL of the database; else an embedded Postgres is used."`
	DataDir     string `env:"DATA_DIR" type:"path" placeholder:"DIR" help:"The directory of the embedded Postgres. By default your own."`
}

// with opens the database, calls do and closes the database.
func (o *database) with(ctx context.Context, do func(context.Context, *db.DB) error) error {
	d, closeDB, err := o.open(ctx, startOrAttach)
	if err != nil {
		return err
	}
	defer closeDB()
	return do(ctx, d)
}

// withPrepared is with for a database that must be migrated.
func (o *database) withPrepared(ctx context.Context, do func(context.Context, *db.DB) error) error {
	return o.with(ctx, func(ctx context.Context, d *db.DB) error {
		if err := o.prepare(ctx, d); err != nil {
			return err
		}
		return do(ctx, d)
	})
}

// prepare migrates and deploys an embedded database. For any other it only checks the schema: an operator
// runs migrate and deploy.
func (o *database) prepare(ctx context.Context, d *db.DB) error {
	if o.DatabaseURL == "" {
		if err := db.Migrate(ctx, d); err != nil {
			return err
		}
		return admin.Deploy(ctx, d, time.Now())
	}
	return db.CheckSchema(ctx, d)
}

// startEmbedded starts, or attaches to, the embedded Postgres in a directory.
type startEmbedded func(ctx context.Context, dir string, options ...string) (*embedded.Postgres, error)

// startOrAttach attaches to the embedded Postgres of a running server, or starts it if no server runs.
func startOrAttach(ctx context.Context, dir string, options ...string) (*embedded.Postgres, error) {
	postgres, err := embedded.Start(ctx, dir, options...)
	if errors.Is(err, embedded.ErrRunning) {
		return embedded.Attach(ctx, dir)
	}
	return postgres, err
}

// open connects to DATABASE_URL, or to the embedded Postgres, which start provides and closeDB stops.
func (o *database) open(ctx context.Context, start startEmbedded) (d *db.DB, closeDB func(), err error) {
	url, stop := o.DatabaseURL, func() {}
	if url == "" {
		if url, stop, err = o.openEmbedded(ctx, start); err != nil {
			return nil, nil, err
		}
	}
	config, err := db.ParseURL(url)
	if err != nil {
		stop()
		return nil, nil, err
	}
	if d, err = db.Open(ctx, config); err != nil {
		stop()
		return nil, nil, err
	}
	return d, func() { d.Close(); stop() }, nil
}

// openEmbedded returns the URL of the embedded Postgres.
func (o *database) openEmbedded(ctx context.Context, start startEmbedded) (url string, stop func(), err error) {
	dir := o.DataDir
	if dir == "" {
		if dir, err = embedded.DefaultDir(); err != nil {
			return "", nil, err
		}
	}
	postgres, err := start(ctx, dir)
	if err != nil {
		return "", nil, err
	}
	return postgres.URL, func() {
		if err := postgres.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "planoauth:", err)
		}
	}, nil
}
