package admin

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// FirstPerson is somebody to sign in as on a development server.
type FirstPerson struct {
	Email, FirstName, LastName string
	Role                       string // what they are; backticks mark code
	Link, Label                string // where they can sign in, and what stands on the link
	Password                   string // "" where it is not known
}

// firstPeople are one of each kind that a newcomer meets.
var firstPeople = []FirstPerson{
	{
		Email: "katherine@example.com", FirstName: "Katherine", LastName: "Johnson", Role: "A client: a customer of your products.",
		Link: "/account", Label: "Sign in to her account",
	},
	{
		Email: "dorothy@example.com", FirstName: "Dorothy", LastName: "Vaughan",
		Role: "A user who is not a client yet. Signing in answers `client-required`.",
		Link: "/docs#/sessions/sessionsCreate", Label: "Try it in the explorer",
	},
	{
		Email: "margaret@example.com", FirstName: "Margaret", LastName: "Hamilton", Role: "An employee who may administer everything.",
		Link: "/console", Label: "Sign in to the console",
	},
}

// FirstPeople returns the first people with their passwords, which are by e-mail address.
func FirstPeople(passwords map[string]string) []FirstPerson {
	people := slices.Clone(firstPeople)
	for i := range people {
		people[i].Password = passwords[people[i].Email]
	}
	return people
}

// NewPasswords returns a random password for each of the first people, of 100 bits.
func NewPasswords() map[string]string {
	passwords := map[string]string{}
	for _, person := range firstPeople {
		letters := strings.ToLower(rand.Text())
		passwords[person.Email] = strings.Join([]string{letters[:5], letters[5:10], letters[10:15], letters[15:20]}, "-")
	}
	return passwords
}

// AddFirstPeople saves the first people with these hashes of their passwords, by e-mail address. Their addresses count
// as verified.
func AddFirstPeople(ctx context.Context, d *db.DB, hashes map[string]string, now time.Time) error {
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		records := []func(user int64) any{
			func(user int64) any { return &db.Client{UserID: user, Active: true, CreatedAt: now} },
			nil,
			func(user int64) any {
				return &db.Employee{UserID: user, Active: true, Access: db.AccessAdmin, CreatedAt: now}
			},
		}
		for i, person := range firstPeople {
			user := &db.User{
				Email: person.Email, FirstName: person.FirstName, LastName: person.LastName, PasswordHash: hashes[person.Email],
				EmailVerifiedAt: now, CreatedAt: now,
			}
			if err := db.Insert(ctx, tx, user); err != nil {
				return fmt.Errorf("%s: %w", person.Email, err)
			}
			if records[i] == nil {
				continue
			}
			if err := db.Insert(ctx, tx, records[i](user.ID)); err != nil {
				return fmt.Errorf("%s: %w", person.Email, err)
			}
		}
		return record(ctx, tx, now, db.AuditEvent{Operation: "serve", Changed: []string{}})
	})
}

// LocalURL is where a product runs that is being developed.
const LocalURL = "http://localhost:3000"

// SetLocalURLs gives the seeded products the URL LocalURL where they have none, so that their links work at once.
func SetLocalURLs(ctx context.Context, d *db.DB) error {
	_, err := d.NewUpdate().Table("applications").Set("url = ?", LocalURL).
		Where("slug IN ('planoorder', 'planox2') AND url = ''").Exec(ctx)
	return err
}
