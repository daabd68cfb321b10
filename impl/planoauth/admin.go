package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl"
)

type application struct {
	List  applicationList `cmd:"" help:"List the applications, with the numbers and dates of their tokens."`
	Add   applicationAdd  `cmd:"" help:"Make an application."`
	Set   applicationSet  `cmd:"" help:"Change what is passed of an application. It counts within a second on all running servers."`
	Token struct {
		New    applicationTokenNew    `cmd:"" default:"withargs" help:"Make a token of an application and print it, this once. The tokens that it has stay good."`
		Revoke applicationTokenRevoke `cmd:"" help:"Make a token worthless."`
	} `cmd:"" help:"Tokens, by which applications present themselves: token SLUG makes one."`
}

type applicationList struct{ database }

// Run lists the applications.
func (l *applicationList) Run(ctx context.Context) error {
	return l.administer(ctx, func(ctx context.Context, d *db.DB) error {
		applications, err := impl.ListApplications(ctx, d)
		for _, app := range applications {
			printApplication(app)
		}
		return err
	})
}

func printApplication(app impl.ListedApplication) {
	where := app.URL
	if app.Slug == "planoauth" {
		where = "PUBLIC_URL"
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
		{"name", app.Name}, {"url", where}, {"admits", strings.Join(db.RoleNames(app.Admits), ", ")}, {"redirect origins", strings.Join(app.RedirectOrigins, ", ")},
		{"settings", strings.Join(settings, ", ")}, {"tokens", strings.Join(tokens, ", ")},
	} {
		fmt.Println(strings.TrimRight(fmt.Sprintf("  %-16s  %s", line[0], line[1]), " "))
	}
}

type applicationAdd struct {
	database
	Slug string `arg:"" help:"What the application is known by."`
	impl.ApplicationSettings
}

// Run makes the application.
func (a *applicationAdd) Run(ctx context.Context) error {
	return a.administer(ctx, func(ctx context.Context, d *db.DB) error {
		return impl.AddApplication(ctx, d, a.Slug, a.ApplicationSettings)
	})
}

type applicationSet struct {
	database
	Slug string `arg:"" help:"The application."`
	impl.ApplicationSettings
}

// Run changes the application.
func (s *applicationSet) Run(ctx context.Context) error {
	return s.administer(ctx, func(ctx context.Context, d *db.DB) error {
		return impl.SetApplication(ctx, d, s.Slug, s.ApplicationSettings)
	})
}

type applicationTokenNew struct {
	database
	Slug string `arg:"" help:"The application."`
}

// Run prints the new token, alone, so that a script can take it; what a person should know goes to stderr.
func (n *applicationTokenNew) Run(ctx context.Context) error {
	return n.administer(ctx, func(ctx context.Context, d *db.DB) error {
		token, id, err := impl.AddApplicationToken(ctx, d, n.Slug, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "Token #%d of %s, shown this once. Keep it on your servers; `planoauth application token revoke %d` ends it.\n", id, n.Slug, id)
		fmt.Println(token)
		return nil
	})
}

type applicationTokenRevoke struct {
	database
	ID int64 `arg:"" name:"id" help:"The number of the token, as application list tells it."`
}

// Run makes the token worthless.
func (r *applicationTokenRevoke) Run(ctx context.Context) error {
	return r.administer(ctx, func(ctx context.Context, d *db.DB) error {
		slug, err := impl.RevokeApplicationToken(ctx, d, r.ID)
		if err == nil {
			fmt.Printf("Token #%d of %s is revoked.\n", r.ID, slug)
		}
		return err
	})
}

type employee struct {
	Add employeeAdd `cmd:"" help:"Make somebody an employee, and a user first if need be."`
}

type employeeAdd struct {
	database
	impl.NewEmployee
}

// Run makes the employee, and says what that took and how they sign in.
func (a *employeeAdd) Run(ctx context.Context) error {
	return a.administer(ctx, func(ctx context.Context, d *db.DB) error {
		added, err := impl.AddEmployee(ctx, d, a.NewEmployee, time.Now())
		if err != nil {
			return err
		}
		user := "has a user already, whose names stay as they are"
		if added.NewUser {
			user = "is a new user"
		}
		record := "was an employee before: nothing is changed"
		switch {
		case added.NewRecord:
			record = "is an employee now"
		case added.NewlyActive:
			record = "is an active employee again"
		}
		signIn := "They sign in by a magic link, or set a password by a reset first."
		if added.HasPassword {
			signIn = "They sign in with their password, or by a magic link."
		}
		fmt.Printf("%s %s, and %s. %s\n", added.Email, user, record, signIn)
		return nil
	})
}

type company struct {
	Add companyAdd `cmd:"" help:"Make a company that clients can claim to belong to, and print its id."`
}

type companyAdd struct {
	database
	Name string `arg:"" help:"The name."`
}

// Run prints the id of the new company.
func (a *companyAdd) Run(ctx context.Context) error {
	return a.administer(ctx, func(ctx context.Context, d *db.DB) error {
		id, err := impl.AddCompany(ctx, d, a.Name)
		if err == nil {
			fmt.Println(id)
		}
		return err
	})
}

// administer works on a database that is prepared: the embedded one is, as by serve, if need be.
func (o *database) administer(ctx context.Context, do func(context.Context, *db.DB) error) error {
	return o.with(ctx, func(ctx context.Context, d *db.DB) error {
		if err := o.prepare(ctx, d); err != nil {
			return err
		}
		return do(ctx, d)
	})
}
