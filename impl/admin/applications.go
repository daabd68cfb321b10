package admin

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// ApplicationSettings are the flags of `application add` and `application set`. A nil field was not passed
// and changes nothing.
type ApplicationSettings struct {
	Name           *string   `placeholder:"NAME" help:"The name that people see."`
	URL            *string   `name:"url" placeholder:"URL" help:"The application's home page; empty for none."`
	Admits         []db.Role `enum:"client,employee,liaison" placeholder:"KIND" help:"The kinds of records that may sign in: client, employee, liaison. The default of a new application is client."`
	RedirectOrigin []string  `sep:"none" placeholder:"ORIGIN" help:"The origins that users may be redirected to, in addition to the origin of --url, such as https://app.example. Replaces the list. May be repeated; empty for none."`
	LegacySlugs    *bool     `negatable:"" help:"Send the old spelling email-already-registerd."`
	SignInMail     *bool     `negatable:"" help:"Mail users a notice of each sign-in."`
}

// apply checks the settings that were passed, copies them to app and returns their columns.
func (s *ApplicationSettings) apply(app *db.Application) (columns []string, err error) {
	changed := func(column string, invalid error) {
		columns, err = append(columns, column), cmp.Or(err, invalid)
	}
	if s.Name != nil {
		app.Name = *s.Name
		changed("name", checkText("--name", companyName, app.Name))
	}
	if s.URL != nil {
		app.URL = *s.URL
		changed("url", checkURL(app.Slug, app.URL))
	}
	if s.Admits != nil {
		var invalid error
		if len(s.Admits) == 0 {
			invalid = errors.New("--admits must name at least one of client, employee and liaison")
		}
		app.Admits = slices.Compact(slices.Sorted(slices.Values(s.Admits)))
		changed("admits", invalid)
	}
	if s.RedirectOrigin != nil {
		var invalid error
		app.RedirectOrigins, invalid = parseOrigins("--redirect-origin", s.RedirectOrigin)
		changed("redirect_origins", invalid)
	}
	if s.LegacySlugs != nil {
		app.LegacySlugs = *s.LegacySlugs
		changed("legacy_slugs", nil)
	}
	if s.SignInMail != nil {
		app.SignInMail = *s.SignInMail
		changed("sign_in_mail", nil)
	}
	return columns, err
}

// OriginChanges are flags of `application set`.
type OriginChanges struct {
	Add    []string `name:"add-redirect-origin" sep:"none" placeholder:"ORIGIN" help:"Add an origin to those that users may be redirected to. May be repeated."`
	Remove []string `name:"remove-redirect-origin" sep:"none" placeholder:"ORIGIN" help:"Remove one of these origins. May be repeated."`
}

// apply changes a list of origins, as application list prints it. It fails where an origin is to be removed that
// is not in the list.
func (c *OriginChanges) apply(origins []string) ([]string, error) {
	added, err := parseOrigins("--add-redirect-origin", c.Add)
	if err != nil {
		return nil, err
	}
	for _, text := range c.Remove {
		// Operators may have written the list by SQL, where nothing checks it.
		kept := slices.DeleteFunc(slices.Clone(origins), func(origin string) bool {
			return origin == text || formats.Origin(origin) != "" && formats.Origin(origin) == formats.Origin(text)
		})
		if len(kept) == len(origins) {
			return nil, errors.New("--remove-redirect-origin must be one of the application's redirect origins, as `planoauth application list` prints them")
		}
		origins = kept
	}
	for _, origin := range added {
		if !slices.Contains(formats.Origins(origins), origin) {
			origins = append(origins, origin)
		}
	}
	return origins, checkCount(origins)
}

// ListedApplication is an application with the ids and dates of its tokens, oldest first.
type ListedApplication struct {
	*db.Application
	Tokens []db.ApplicationToken
}

// ListApplications returns all applications in the order of their slugs.
func ListApplications(ctx context.Context, d *db.DB) ([]ListedApplication, error) {
	var applications []*db.Application
	if err := d.NewSelect().Model(&applications).Order("slug").Scan(ctx); err != nil {
		return nil, err
	}
	var tokens []db.ApplicationToken
	if err := d.NewSelect().Model(&tokens).Column("id", "application_id", "created_at").Order("id").Scan(ctx); err != nil {
		return nil, err
	}
	byApplication := map[int64][]db.ApplicationToken{}
	for _, token := range tokens {
		byApplication[token.ApplicationID] = append(byApplication[token.ApplicationID], token)
	}
	listed := make([]ListedApplication, len(applications))
	for i, app := range applications {
		listed[i] = ListedApplication{app, byApplication[app.ID]}
	}
	return listed, nil
}

// AddApplication creates an application. Unless the settings say otherwise, it admits clients.
func AddApplication(ctx context.Context, d *db.DB, slug string, settings ApplicationSettings) error {
	if err := checkSlug(slug); err != nil {
		return err
	}
	if settings.Name == nil {
		return errors.New("--name is required")
	}
	app := &db.Application{Slug: slug, Admits: []db.Role{db.RoleClient}, RedirectOrigins: []string{}}
	if _, err := settings.apply(app); err != nil {
		return err
	}
	err := db.InsertNew(ctx, d, app)
	if errors.Is(err, db.ErrAlreadyExists) {
		return fmt.Errorf("application %q already exists", slug)
	}
	return err
}

// SetApplication changes the settings that were passed, and no others.
func SetApplication(ctx context.Context, d *db.DB, slug string, settings ApplicationSettings, changes OriginChanges) error {
	app := &db.Application{Slug: slug}
	columns, err := settings.apply(app)
	if err != nil {
		return err
	}
	changesOrigins := len(changes.Add)+len(changes.Remove) > 0
	switch {
	case changesOrigins && settings.RedirectOrigin != nil:
		return errors.New("--redirect-origin replaces the list: pass either it, or --add-redirect-origin and --remove-redirect-origin")
	case changesOrigins:
		columns = append(columns, "redirect_origins")
	case len(columns) == 0:
		return errors.New("nothing to change: pass at least one flag")
	}
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var existing db.Application
		err := tx.NewSelect().Model(&existing).Column("id", "redirect_origins").Where("slug = ?", slug).For("NO KEY UPDATE").Scan(ctx)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errNoApplication(slug)
		case err != nil:
			return err
		}
		app.ID = existing.ID
		if changesOrigins {
			if app.RedirectOrigins, err = changes.apply(existing.RedirectOrigins); err != nil {
				return err
			}
		}
		return db.Update(ctx, tx, app, columns...)
	})
}

func errNoApplication(slug string) error { return fmt.Errorf("there is no application %q", slug) }
