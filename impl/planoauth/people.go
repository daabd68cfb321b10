package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/ratelimit"
)

type person struct {
	List      personList      `cmd:"" help:"List users, the newest first."`
	Show      personShow      `cmd:"" help:"Show a user, with their records and sessions."`
	Explain   personExplain   `cmd:"" help:"Say what a sign-in with the right password would answer, and why."`
	SignOut   personSignOut   `cmd:"" help:"End all sessions of a user."`
	Suspend   personSuspend   `cmd:"" help:"End all sessions of a user, and let them sign in no longer."`
	Unsuspend personUnsuspend `cmd:"" help:"Let a suspended user sign in again."`
	SetEmail  personSetEmail  `cmd:"" help:"Give a user another e-mail address at once. Their sessions and links end; nobody is mailed."`
	Export    personExport    `cmd:"" help:"Print everything that is stored about a user, without digests, secrets and the bodies of mails."`
	Delete    personDelete    `cmd:"" help:"Delete a user and everything that belongs to them. Audit events and notifications keep the id."`
}

// aboutPerson are the flags of every verb about one person.
type aboutPerson struct {
	database
	Email string `arg:"" help:"The e-mail address."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

type personList struct {
	database
	listing
	Search string `placeholder:"TEXT" help:"Only those with this text in address, name or phone number. Two characters begin an address."`
	Limit  int64  `default:"100" help:"How many to list at most."`
}

// Run prints the users.
func (l *personList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		people, err := impl.FindPeople(ctx, d, l.Search, l.Limit)
		if err != nil {
			return err
		}
		items, rows := make([]gen.Person, len(people)), make([][]string, len(people))
		for i := range people {
			p := &people[i]
			items[i] = impl.PersonView(gen.Default, p)
			rows[i] = []string{
				strconv.FormatInt(p.ID, 10), p.Email, strings.TrimSpace(p.FirstName + " " + p.LastName),
				strings.Join(p.Records.Kinds(), ", "), yes(!p.EmailVerifiedAt.IsZero()), yes(p.Suspended), dateText(p.CreatedAt),
			}
		}
		return l.print(items, []string{"ID", "EMAIL", "NAME", "RECORDS", "VERIFIED", "SUSPENDED", "CREATED"}, rows)
	})
}

type personExplain struct {
	aboutPerson
	Application       string `required:"" placeholder:"SLUG" help:"The slug of the application to sign in to."`
	ThrottlePasswords []int  `env:"THROTTLE_PASSWORDS" default:"30,100" help:"The server's setting of this name."`
}

// Run prints the answer that a sign-in would get, and the checks up to the first that fails.
func (p *personExplain) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		now := time.Now()
		explain := func(ctx context.Context, app *db.Application, email string) (gen.SignInExplanation, *db.User, error) {
			return impl.ExplainSignIn(ctx, d, ratelimit.Passwords(p.ThrottlePasswords...), app, email, now)
		}
		explained, err := admin.ExplainPerson(ctx, d, p.Email, p.Application, explain, now)
		switch {
		case err != nil:
			return err
		case p.JSON:
			return p.print(explained)
		}
		fmt.Println(explained.Outcome)
		for _, step := range explained.Steps {
			fmt.Printf("  %-12s %-4s %s\n", step.Step, yes(step.Passed), step.Message)
		}
		return nil
	})
}

type personShow struct{ aboutPerson }

// Run prints the person.
func (p *personShow) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		shown, err := admin.ShowPerson(ctx, d, p.Email, time.Now())
		if err != nil {
			return err
		}
		return p.print(shown)
	})
}

type personExport struct{ aboutPerson }

// Run prints the export.
func (p *personExport) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		exported, err := admin.ExportPerson(ctx, d, p.Email, time.Now())
		if err != nil {
			return err
		}
		return p.print(exported)
	})
}

type personDelete struct{ aboutPerson }

// Run prints who was deleted.
func (p *personDelete) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		deleted, err := admin.DeletePerson(ctx, d, p.Email, time.Now())
		return p.say(deleted, err, "is deleted.")
	})
}

// say prints who was changed by a verb, and what it did, unless it failed.
func (p *aboutPerson) say(changed admin.NamedPerson, err error, what string) error {
	switch {
	case err != nil:
		return err
	case p.JSON:
		return p.print(changed)
	}
	fmt.Printf("%s, the user #%d, %s\n", changed.Email, changed.ID, what)
	return nil
}

// print prints a value as JSON, or as lines of names and values.
func (p *aboutPerson) print(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if p.JSON {
		fmt.Println(string(text))
		return nil
	}
	from := json.NewDecoder(bytes.NewReader(text))
	from.UseNumber()
	return printLines(os.Stdout, from, "", -1)
}

// printLines prints the next value of a JSON text: the name of an object before its members, and each item of a list
// with the name of the list.
func printLines(w io.Writer, from *json.Decoder, name string, depth int) error {
	token, err := from.Token()
	if err != nil {
		return err
	}
	indent := strings.Repeat("  ", max(depth, 0))
	delim, nested := token.(json.Delim)
	if !nested {
		line := fmt.Sprintf("%s%-18s %v", indent, name, token)
		_, err := fmt.Fprintln(w, strings.TrimRight(line, " "))
		return err
	}
	if delim == '{' && depth >= 0 {
		fmt.Fprintf(w, "%s%s\n", indent, name)
	}
	for from.More() {
		item, below := name, depth
		if delim == '{' {
			key, err := from.Token()
			if err != nil {
				return err
			}
			item, below = key.(string), depth+1
		}
		if err := printLines(w, from, item, below); err != nil {
			return err
		}
	}
	_, err = from.Token() // the end of the object or list
	return err
}
