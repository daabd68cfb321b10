package admin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// NewEmployee are the arguments of `employee add`.
type NewEmployee struct {
	Email     string `arg:"" help:"The e-mail address."`
	FirstName string `placeholder:"NAME" help:"First name, if the user is new."`
	LastName  string `placeholder:"NAME" help:"Last name, if the user is new."`
	Unproven  bool   `help:"Accept a registered user whose e-mail address is not verified."`
}

func (n *NewEmployee) check() error {
	return cmp.Or(
		checkText("EMAIL", email, n.Email),
		checkName("--first-name", n.FirstName),
		checkName("--last-name", n.LastName))
}

// AddedEmployee is the result of AddEmployee, with the address in lower case. NewUser, NewRecord and
// Reactivated say what it changed; all are false for somebody who was an active employee already.
type AddedEmployee struct {
	Email                           string
	NewUser, NewRecord, Reactivated bool
	HasPassword                     bool
}

var errUnverified = errors.New("the address is not verified, so whoever registered it may not own it: let them open a mailed link first, or pass --unproven")

// AddEmployee makes the user with this address an active employee. If there is no such user, it creates one
// without a password.
func AddEmployee(ctx context.Context, d *db.DB, n NewEmployee, now time.Time) (added AddedEmployee, _ error) {
	n.Email = formats.NormalizeEmail(n.Email)
	if err := n.check(); err != nil {
		return added, err
	}
	user := &db.User{Email: n.Email, FirstName: n.FirstName, LastName: n.LastName, CreatedAt: now}
	added.Email = user.Email
	err := d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if added.NewUser, err = insertOrLockUser(ctx, tx, user); err != nil {
			return err
		}
		if added.NewRecord, added.Reactivated, err = activateEmployee(ctx, tx, user.ID, now); err != nil {
			return err
		}
		if (added.NewRecord || added.Reactivated) && registeredUnverified(user) && !n.Unproven {
			return errUnverified
		}
		return nil
	})
	added.HasPassword = user.HasPassword()
	return added, err
}

// insertOrLockUser inserts the user, or locks and reads the existing one with this address.
func insertOrLockUser(ctx context.Context, tx bun.Tx, user *db.User) (inserted bool, err error) {
	err = db.InsertNew(ctx, tx, user)
	if errors.Is(err, db.ErrAlreadyExists) {
		return false, tx.NewSelect().Model(user).Where("lower(email COLLATE \"C\") = ?", user.Email).For("UPDATE").Scan(ctx)
	}
	return err == nil, err
}

// activateEmployee inserts the user's employee record, or activates the existing one.
func activateEmployee(ctx context.Context, tx bun.Tx, user int64, now time.Time) (inserted, reactivated bool, err error) {
	inserted, err = db.ChangedOne(tx.NewRaw("INSERT INTO employees (user_id, created_at) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING", user, now).Exec(ctx))
	if err != nil || inserted {
		return inserted, false, err
	}
	reactivated, err = db.ChangedOne(tx.NewRaw("UPDATE employees SET active = true WHERE user_id = ? AND NOT active", user).Exec(ctx))
	return false, reactivated, err
}

// registeredUnverified reports whether someone can sign in as the user without ever having verified the
// address.
func registeredUnverified(user *db.User) bool {
	return user.EmailVerifiedAt.IsZero() && (user.HasPassword() || user.GoogleSubject != "")
}
