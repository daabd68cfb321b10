package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/mailer"
)

// passwordsFile is in the data directory. It has the passwords of the first people, as a JSON object by e-mail address.
const passwordsFile = "people.json"

// prepareDevelopment makes a development server, one with the development mailbox, useful at once: the products have a
// URL on this machine, and an empty database gets people to sign in as. It does nothing for any other server.
func prepareDevelopment(ctx context.Context, server *impl.Server, postgres *embedded.Postgres) error {
	if _, ok := server.Mailer.(*mailer.Mailbox); !ok || postgres == nil {
		return nil
	}
	if err := admin.SetLocalURLs(ctx, server.DB); err != nil {
		return err
	}
	file, err := postgres.OpenFile(passwordsFile)
	if err != nil {
		return err
	}
	defer file.Close()
	passwords, err := readPasswords(file)
	if err != nil {
		return err
	}
	users, err := server.DB.NewSelect().Model((*db.User)(nil)).Exists(ctx)
	if err != nil {
		return err
	}
	if !users {
		passwords = admin.NewPasswords()
		if err := addFirstPeople(ctx, server, file, passwords); err != nil {
			return err
		}
	}
	server.Settings.FirstPeople = admin.FirstPeople(passwords)
	return nil
}

// readPasswords returns the passwords that an earlier start saved; none if it could not finish.
func readPasswords(file io.Reader) (passwords map[string]string, _ error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, &passwords) != nil {
		return nil, nil
	}
	return passwords, nil
}

// addFirstPeople saves the passwords first: without them nobody could sign in.
func addFirstPeople(ctx context.Context, server *impl.Server, file *os.File, passwords map[string]string) error {
	hashes := map[string]string{}
	for email, password := range passwords {
		hash, broken, err := server.Passwords.HashNew(ctx, "", password, nil, false)
		if err != nil {
			return err
		}
		if broken != nil {
			return fmt.Errorf("the password made for %s breaks a rule: %s", email, broken.Rule)
		}
		hashes[email] = hash
	}
	text, err := json.MarshalIndent(passwords, "", "  ")
	if err != nil {
		return err
	}
	_, err = file.WriteAt(append(text, '\n'), 0)
	if err := errors.Join(err, file.Truncate(int64(len(text)+1)), file.Sync()); err != nil {
		return err
	}
	return admin.AddFirstPeople(ctx, server.DB, hashes, server.Now())
}
