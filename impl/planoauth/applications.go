package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type application struct {
	List  applicationList `cmd:"" help:"List the applications, with the ids and dates of their tokens."`
	Add   applicationAdd  `cmd:"" help:"Create an application."`
	Set   applicationSet  `cmd:"" help:"Change the settings that are passed. Running servers apply them within a second."`
	Token struct {
		New    applicationTokenNew    `cmd:"" default:"withargs" help:"Create a token of an application and print it once. Its other tokens stay valid."`
		Revoke applicationTokenRevoke `cmd:"" help:"Revoke a token."`
	} `cmd:"" help:"Tokens, by which applications authenticate: token SLUG creates one."`
}

type applicationList struct{ database }

// Run prints the applications.
func (l *applicationList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		applications, err := admin.ListApplications(ctx, d)
		for _, app := range applications {
			printApplication(app)
		}
		return err
	})
}

func printApplication(app admin.ListedApplication) {
	url := app.URL
	if app.Slug == "planoauth" {
		url = "PUBLIC_URL"
	}
	var settings, tokens []string
	if app.LegacySlugs {
		settings = append(settings, "legacy-slugs")
	}
	if app.SignInMail {
		settings = append(settings, "sign-in-mail")
	}
	for _, token := range app.Tokens {
		tokens = append(tokens, fmt.Sprintf("#%d of %s", token.ID, token.CreatedAt.UTC().Format(time.DateOnly)))
	}
	fmt.Println(app.Slug)
	for _, line := range [][2]string{
		{"name", app.Name}, {"url", url}, {"admits", strings.Join(db.RoleNames(app.Admits), ", ")}, {"redirect origins", strings.Join(app.RedirectOrigins, ", ")},
		{"settings", strings.Join(settings, ", ")}, {"tokens", strings.Join(tokens, ", ")},
	} {
		fmt.Println(strings.TrimRight(fmt.Sprintf("  %-16s  %s", line[0], line[1]), " "))
	}
}

type applicationAdd struct {
	database
	Slug string `arg:"" help:"The slug of the new application."`
	admin.ApplicationSettings
}

// Run creates the application.
func (a *applicationAdd) Run(ctx context.Context) error {
	return a.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.AddApplication(ctx, d, a.Slug, a.ApplicationSettings)
	})
}

type applicationSet struct {
	database
	Slug string `arg:"" help:"The slug of the application."`
	admin.ApplicationSettings
	admin.OriginChanges
}

// Run changes the application.
func (s *applicationSet) Run(ctx context.Context) error {
	return s.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.SetApplication(ctx, d, s.Slug, s.ApplicationSettings, s.OriginChanges)
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
		fmt.Fprintf(os.Stderr, "Token #%d of %s, shown only once. Keep it on your servers; `planoauth application token revoke %d` revokes it.\n", id, n.Slug, id)
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
		slug, err := admin.RevokeToken(ctx, d, r.ID)
		if err == nil {
			fmt.Printf("Token #%d of %s is revoked.\n", r.ID, slug)
		}
		return err
	})
}
