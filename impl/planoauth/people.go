package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type person struct {
	Show   personShow   `cmd:"" help:"Show a user, with their records and sessions."`
	Export personExport `cmd:"" help:"Print everything that is stored about a user, without digests, secrets and the bodies of mails."`
	Delete personDelete `cmd:"" help:"Delete a user and everything that belongs to them. Audit events and notifications keep the id."`
}

// aboutPerson are the flags of every verb about one person.
type aboutPerson struct {
	database
	Email string `arg:"" help:"The e-mail address."`
	JSON  bool   `name:"json" help:"Print JSON."`
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

// Run prints whom it has deleted.
func (p *personDelete) Run(ctx context.Context) error {
	return p.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		deleted, err := admin.DeletePerson(ctx, d, p.Email, time.Now())
		switch {
		case err != nil:
			return err
		case p.JSON:
			return p.print(deleted)
		}
		fmt.Printf("%s, the user #%d, is deleted.\n", deleted.Email, deleted.ID)
		return nil
	})
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
