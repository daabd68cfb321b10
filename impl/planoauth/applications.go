package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
)

type application struct {
	List  applicationList `cmd:"" help:"List the applications, with the ids and dates of their tokens."`
	Add   applicationAdd  `cmd:"" help:"Create an application."`
	Set   applicationSet  `cmd:"" help:"Change the settings that are passed. Running servers apply them within a second."`
	Token struct {
		New    applicationTokenNew    `cmd:"" default:"withargs" help:"Create a token of an application and print it once. Others stay valid."`
		Revoke applicationTokenRevoke `cmd:"" help:"Revoke a token."`
	} `cmd:"" help:"Tokens, by which applications authenticate: token SLUG creates one."`
}

type applicationList struct {
	database
	listing
}

// Run prints the applications, each as a block: their settings are too wide for the columns of a table.
func (l *applicationList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		applications, err := admin.ListApplications(ctx, d)
		if err != nil {
			return err
		}
		if l.JSON {
			items := make([]gen.Application, len(applications))
			for i := range applications {
				items[i] = applicationItem(&applications[i])
			}
			return printJSON(items)
		}
		for i := range applications {
			printApplication(&applications[i])
		}
		return nil
	})
}

// applicationItem is the view full of applications/index. The url of planoauth, PUBLIC_URL, is known to servers only.
func applicationItem(app *admin.ListedApplication) gen.Application {
	item := gen.Application{
		ID: app.ID, Slug: app.Slug, Name: app.Name, URL: app.URL, Admits: db.RoleNames(app.Admits), CreatedAt: timeText(app.CreatedAt),
		RedirectOrigins: app.RedirectOrigins, LegacySlugs: &app.LegacySlugs, SignInMail: &app.SignInMail,
		AccentColor: app.AccentColor, HasLogo: new(app.LogoDigest != ""), SupportURL: app.SupportURL, Tokens: []gen.ApplicationToken{},
	}
	for _, token := range app.Tokens {
		item.Tokens = append(item.Tokens, gen.ApplicationToken{
			ID: token.ID, CreatedAt: timeText(token.CreatedAt), LastUsedAt: timeText(token.LastUsedAt),
		})
	}
	return item
}

func printApplication(app *admin.ListedApplication) {
	url := app.URL
	if app.Slug == "planoauth" {
		url = "PUBLIC_URL"
	}
	var settings, tokens, used []string
	if app.LegacySlugs {
		settings = append(settings, "legacy-slugs")
	}
	if app.SignInMail {
		settings = append(settings, "sign-in-mail")
	}
	for _, token := range app.Tokens {
		tokens = append(tokens, fmt.Sprintf("#%d of %s", token.ID, token.CreatedAt.UTC().Format(time.DateOnly)))
		if !token.LastUsedAt.IsZero() {
			used = append(used, fmt.Sprintf("#%d on %s", token.ID, token.LastUsedAt.UTC().Format(time.DateOnly)))
		}
	}
	fmt.Println(app.Slug)
	lines := [][2]string{
		{"name", app.Name}, {"url", url}, {"admits", strings.Join(db.RoleNames(app.Admits), ", ")},
		{"redirect origins", strings.Join(app.RedirectOrigins, ", ")}, {"settings", strings.Join(settings, ", ")},
	}
	logo := ""
	if app.LogoDigest != "" {
		logo = "yes"
	}
	for _, line := range [][2]string{
		{"accent color", app.AccentColor}, {"logo", logo}, {"support url", app.SupportURL}, {"tokens last used", strings.Join(used, ", ")},
	} {
		if line[1] != "" {
			lines = append(lines, line)
		}
	}
	for _, line := range append(lines, [2]string{"tokens", strings.Join(tokens, ", ")}) {
		fmt.Println(strings.TrimRight(fmt.Sprintf("  %-16s  %s", line[0], line[1]), " "))
	}
}

// applicationFlags are the settings that the API has as params, and the logo as a file.
type applicationFlags struct {
	admin.ApplicationSettings
	LogoFile *string `name:"logo" placeholder:"FILE" help:"A PNG or WebP of at most 32 KiB; empty for none."`
}

// settings reads the logo.
func (f *applicationFlags) settings() (admin.ApplicationSettings, error) {
	settings := f.ApplicationSettings
	switch {
	case f.LogoFile == nil:
		return settings, nil
	case *f.LogoFile == "":
		settings.Logo = []byte{}
		return settings, nil
	}
	var err error
	if settings.Logo, err = os.ReadFile(*f.LogoFile); err == nil && len(settings.Logo) == 0 {
		err = fmt.Errorf("--logo: %s is empty", *f.LogoFile)
	}
	return settings, err
}

type applicationAdd struct {
	database
	Slug string `arg:"" help:"The slug of the new application."`
	applicationFlags
}

// Run creates the application.
func (a *applicationAdd) Run(ctx context.Context) error {
	settings, err := a.settings()
	if err != nil {
		return err
	}
	return a.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.AddApplication(ctx, d, a.Slug, settings, time.Now())
	})
}

type applicationSet struct {
	database
	Slug string `arg:"" help:"The slug of the application."`
	applicationFlags
	admin.OriginChanges
}

// Run changes the application. It names the redirect origins that a new list drops, which somebody may not have meant.
func (s *applicationSet) Run(ctx context.Context) error {
	settings, err := s.settings()
	if err != nil {
		return err
	}
	return s.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		dropped, err := admin.SetApplication(ctx, d, s.Slug, settings, s.OriginChanges, time.Now())
		if err == nil && len(dropped) > 0 {
			fmt.Fprintf(os.Stderr, "No longer a redirect origin of %s: %s\n", s.Slug, strings.Join(dropped, ", "))
		}
		return err
	})
}

type applicationTokenNew struct {
	database
	Slug string `arg:"" help:"The slug of the application."`
}

// Run prints the new token alone to stdout, for scripts, and a note for people to stderr.
func (n *applicationTokenNew) Run(ctx context.Context) error {
	return n.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		token, id, err := admin.AddToken(ctx, d, n.Slug, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "Token #%d of %s, shown only once. Keep it on your servers; "+
			"`planoauth application token revoke %d` revokes it.\n", id, n.Slug, id)
		fmt.Println(token)
		return nil
	})
}

type applicationTokenRevoke struct {
	database
	ID int64 `arg:"" name:"id" help:"The id of the token, as application list prints it."`
}

// Run revokes the token.
func (r *applicationTokenRevoke) Run(ctx context.Context) error {
	return r.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		slug, err := admin.RevokeToken(ctx, d, r.ID, time.Now())
		if err == nil {
			fmt.Printf("Token #%d of %s is revoked.\n", r.ID, slug)
		}
		return err
	})
}
