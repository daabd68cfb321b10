package admin

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/personal"
)

// ShownPerson is the result of ShowPerson.
type ShownPerson struct {
	User     gen.ExportedUser      `json:"user"`
	Client   gen.ExportedClient    `json:"client,omitzero"`
	Employee gen.ExportedEmployee  `json:"employee,omitzero"`
	Liaison  gen.ExportedLiaison   `json:"liaison,omitzero"`
	Sessions []gen.ExportedSession `json:"sessions"`
}

// NamedPerson is the user that a verb has changed or deleted.
type NamedPerson struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

var errNoPerson = errors.New("no user has this address")

// ShowPerson returns a user with their records and sessions.
func ShowPerson(ctx context.Context, d *db.DB, address string, now time.Time) (ShownPerson, error) {
	e, err := exportAs(ctx, d, "person show", address, now)
	return ShownPerson{e.User, e.Client, e.Employee, e.Liaison, e.Sessions}, err
}

// ExportPerson returns everything that is stored about a user.
func ExportPerson(ctx context.Context, d *db.DB, address string, now time.Time) (gen.PersonExport, error) {
	return exportAs(ctx, d, "person export", address, now)
}

func exportAs(ctx context.Context, d *db.DB, verb, address string, now time.Time) (e gen.PersonExport, _ error) {
	user, err := personByEmail(ctx, d, address)
	if err != nil {
		return e, err
	}
	e, found, err := personal.Export(ctx, d, user.ID)
	switch {
	case err != nil:
		return e, err
	case !found:
		return e, errNoPerson
	}
	return e, record(ctx, d, now, db.AuditEvent{Operation: verb, SubjectID: user.ID})
}

// Explain says what sessions/create would answer to the right password of an e-mail address in lower case. It also
// returns the user, nil if none has the address. Package impl has the rules, which this package must not import.
type Explain func(ctx context.Context, app *db.Application, email string) (gen.SignInExplanation, *db.User, error)

// ExplainPerson explains what a sign-in of a person to an application would answer.
func ExplainPerson(
	ctx context.Context, d *db.DB, address, slug string, explain Explain, now time.Time,
) (explained gen.SignInExplanation, _ error) {
	address = formats.NormalizeEmail(address)
	if err := checkText("EMAIL", email, address); err != nil {
		return explained, err
	}
	app, err := findApplication(ctx, d, slug)
	if err != nil {
		return explained, err
	}
	explained, user, err := explain(ctx, app, address)
	if err != nil {
		return explained, err
	}
	event := db.AuditEvent{Operation: "person explain", Application: slug}
	if user != nil {
		event.SubjectID = user.ID
	}
	return explained, record(ctx, d, now, event)
}

// DeletePerson deletes a user and everything that belongs to them, also the last administrator.
func DeletePerson(ctx context.Context, d *db.DB, address string, now time.Time) (deleted NamedPerson, _ error) {
	user, err := personByEmail(ctx, d, address)
	if err != nil {
		return deleted, err
	}
	err = d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := db.LockUser(ctx, tx, user.ID); errors.Is(err, db.ErrPreconditionFailed) {
			return errNoPerson
		} else if err != nil {
			return err
		}
		if err := personal.Delete(ctx, tx, user.ID, personal.Operators); err != nil {
			return err
		}
		return record(ctx, tx, now, db.AuditEvent{Operation: "person delete", SubjectID: user.ID})
	})
	return NamedPerson{user.ID, user.Email}, err
}

func personByEmail(ctx context.Context, d *db.DB, address string) (*db.User, error) {
	address = formats.NormalizeEmail(address)
	if err := checkText("EMAIL", email, address); err != nil {
		return nil, err
	}
	user, err := d.UserByEmail(ctx, address)
	if err == nil && user == nil {
		return nil, errNoPerson
	}
	return user, err
}
