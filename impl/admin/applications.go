package admin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// ListedApplication is an application with its tokens, the oldest first.
type ListedApplication struct {
	db.Application
	Tokens []db.ApplicationToken
}

// ListApplications returns all applications in the order of their slugs.
func ListApplications(ctx context.Context, d *db.DB) ([]ListedApplication, error) {
	var applications []db.Application
	if err := d.NewSelect().Model(&applications).Order("slug").Scan(ctx); err != nil {
		return nil, err
	}
	ids := make([]int64, len(applications))
	for i, app := range applications {
		ids[i] = app.ID
	}
	tokens, err := db.TokensOf(ctx, d, ids)
	if err != nil {
		return nil, err
	}
	listed := make([]ListedApplication, len(applications))
	for i, app := range applications {
		listed[i] = ListedApplication{app, tokens[app.ID]}
	}
	return listed, nil
}

// InsertApplication saves a new application, whose Slug and CreatedAt are set, and returns the columns of the settings.
// Unless these say otherwise, it admits clients. It returns an error of the type Invalid for wrong settings, and
// db.ErrAlreadyExists if another application has the slug.
func InsertApplication(ctx context.Context, tx bun.Tx, app *db.Application, settings ApplicationSettings) (columns []string, _ error) {
	app.Admits, app.RedirectOrigins = []db.Role{db.RoleClient}, []string{}
	columns, err := settings.apply(app)
	if err != nil {
		return nil, err
	}
	if err := db.InsertNew(ctx, tx, app); err != nil || len(settings.Logo) == 0 {
		return columns, err
	}
	return columns, db.SetLogo(ctx, tx, app, settings.Logo)
}

// UpdateApplication changes those settings of an application that were passed, and returns their columns. The
// transaction has locked the application. Wrong settings are an error of the type Invalid.
func UpdateApplication(ctx context.Context, tx bun.Tx, app *db.Application, settings ApplicationSettings) (columns []string, _ error) {
	columns, err := settings.apply(app)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(columns), func(column string) bool { return column == "logo" })
	if len(own) > 0 {
		if err := db.Update(ctx, tx, app, own...); err != nil {
			return nil, err
		}
	}
	if settings.Logo != nil {
		return columns, db.SetLogo(ctx, tx, app, settings.Logo)
	}
	return columns, nil
}

// AddApplication creates an application.
func AddApplication(ctx context.Context, d *db.DB, slug string, settings ApplicationSettings, now time.Time) error {
	if err := checkSlug(slug); err != nil {
		return err
	}
	if settings.Name == nil {
		return errors.New("--name is required")
	}
	err := change(ctx, d, "application add", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		var err error
		event.Application = slug
		event.Changed, err = InsertApplication(ctx, tx, &db.Application{Slug: slug, CreatedAt: now}, settings)
		return err
	})
	if errors.Is(err, db.ErrAlreadyExists) {
		return fmt.Errorf("application %q already exists", slug)
	}
	return err
}

// SetApplication changes the settings that were passed, and no others. It returns the redirect origins that are no
// longer allowed.
func SetApplication(
	ctx context.Context, d *db.DB, slug string, settings ApplicationSettings, origins OriginChanges, now time.Time,
) (dropped []string, _ error) {
	changesOrigins := len(origins.Add)+len(origins.Remove) > 0
	if changesOrigins && settings.RedirectOrigin != nil {
		return nil, errors.New("--redirect-origin replaces the list: pass either it, or --add-redirect-origin and --remove-redirect-origin")
	}
	err := change(ctx, d, "application set", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		app, err := lockApplication(ctx, tx, slug)
		if err != nil {
			return err
		}
		before := app.RedirectOrigins
		columns, err := UpdateApplication(ctx, tx, app, settings)
		if err != nil {
			return err
		}
		if changesOrigins {
			if err := origins.apply(app); err != nil {
				return err
			}
			columns = append(columns, "redirect_origins")
			if err := db.Update(ctx, tx, app, "redirect_origins"); err != nil {
				return err
			}
		}
		if len(columns) == 0 {
			return errNothing
		}
		event.Application, event.Changed = slug, columns
		dropped = slices.DeleteFunc(slices.Clone(before), func(origin string) bool { return slices.Contains(app.RedirectOrigins, origin) })
		return nil
	})
	return dropped, err
}

// findApplication reads an application.
func findApplication(ctx context.Context, idb bun.IDB, slug string) (*db.Application, error) {
	return scanApplication(ctx, idb.NewSelect(), slug)
}

// lockApplication reads an application and locks it until the transaction ends.
func lockApplication(ctx context.Context, tx bun.Tx, slug string) (*db.Application, error) {
	return scanApplication(ctx, tx.NewSelect().For("NO KEY UPDATE"), slug)
}

func scanApplication(ctx context.Context, query *bun.SelectQuery, slug string) (*db.Application, error) {
	var app db.Application
	err := query.Model(&app).Where("slug = ?", slug).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("there is no application %q", slug)
	}
	return &app, err
}
