package admin

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

var (
	errEmailTaken = errors.New("NEW is taken: a user has this address")
	errForgotten  = errors.New("the user has no record, so the clean-up would delete them with an address that is not verified: " +
		"pass --verified")
)

// changePerson is change for the user with an e-mail address. It locks the user first.
func changePerson(
	ctx context.Context, d *db.DB, verb, address string, now time.Time,
	do func(ctx context.Context, tx bun.Tx, user *db.User) (changed []string, _ error),
) (person NamedPerson, _ error) {
	found, err := personByEmail(ctx, d, address)
	if err != nil {
		return person, err
	}
	err = change(ctx, d, verb, now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		user, err := lockPerson(ctx, tx, found)
		if err != nil {
			return err
		}
		changed, err := do(ctx, tx, user)
		event.SubjectID, event.Changed = user.ID, append(event.Changed, changed...)
		person = NamedPerson{user.ID, user.Email}
		return err
	})
	return person, err
}

// lockPerson locks a user and returns them as they are now, with their records. It returns errNoPerson if they were
// deleted, or changed address, since they were found.
func lockPerson(ctx context.Context, tx bun.Tx, found *db.User) (*db.User, error) {
	if _, err := db.LockUser(ctx, tx, found.ID); errors.Is(err, db.ErrPreconditionFailed) {
		return nil, errNoPerson
	} else if err != nil {
		return nil, err
	}
	now := []db.User{{ID: found.ID}}
	if _, err := db.Find(ctx, tx, &now[0]); err != nil {
		return nil, err
	}
	if now[0].Email != found.Email {
		return nil, errNoPerson
	}
	return &now[0], db.ReadRecords(ctx, tx, now)
}

// SignOutPerson ends all sessions of a user.
func SignOutPerson(ctx context.Context, d *db.DB, address string, now time.Time) (NamedPerson, error) {
	return changePerson(ctx, d, "person sign-out", address, now, func(ctx context.Context, tx bun.Tx, user *db.User) ([]string, error) {
		return nil, db.EndSessions(ctx, tx, user.ID, 0)
	})
}

// SuspendPerson suspends a user, also the last administrator, which ends their sessions.
func SuspendPerson(ctx context.Context, d *db.DB, address string, now time.Time) (NamedPerson, error) {
	return changePerson(ctx, d, "person suspend", address, now, func(ctx context.Context, tx bun.Tx, user *db.User) ([]string, error) {
		user.Suspended = true
		if err := db.Update(ctx, tx, user, "suspended"); err != nil {
			return nil, err
		}
		return []string{"suspended"}, db.EndSessions(ctx, tx, user.ID, 0)
	})
}

// UnsuspendPerson lets a suspended user sign in again.
func UnsuspendPerson(ctx context.Context, d *db.DB, address string, now time.Time) (NamedPerson, error) {
	return changePerson(ctx, d, "person unsuspend", address, now, func(ctx context.Context, tx bun.Tx, user *db.User) ([]string, error) {
		user.Suspended = false
		return []string{"suspended"}, db.Update(ctx, tx, user, "suspended")
	})
}

// SetEmail gives a user another e-mail address, verified or not. All their sessions and links end, and Google is
// unlinked. The result has the new address.
func SetEmail(ctx context.Context, d *db.DB, address, wanted string, verified bool, now time.Time) (NamedPerson, error) {
	wanted = formats.NormalizeEmail(wanted)
	if err := checkText("NEW", email, wanted); err != nil {
		return NamedPerson{}, err
	}
	do := func(ctx context.Context, tx bun.Tx, user *db.User) ([]string, error) {
		switch {
		case formats.NormalizeEmail(user.Email) == wanted:
			return nil, errEmailTaken
		case user.Records.None() && !verified:
			return nil, errForgotten
		}
		user.Email, user.EmailVerifiedAt = wanted, time.Time{}
		if verified {
			user.EmailVerifiedAt = now
		}
		return []string{"email"}, ReplaceEmail(ctx, tx, user, 0, now, 0)
	}
	changed, err := changePerson(ctx, d, "person set-email", address, now, do)
	if errors.Is(err, db.ErrAlreadyExists) {
		return changed, errEmailTaken
	}
	return changed, err
}

// ReplaceEmail saves another address, and whether it is verified, of a user that the transaction has locked. Google,
// which vouched for the address before, is unlinked. All links end, except those that undo a change of the address, are
// younger than a time and were made before the link with an id; so do all sessions except one. It returns
// db.ErrAlreadyExists if another user has the address; then the transaction cannot go on.
func ReplaceEmail(ctx context.Context, tx bun.Tx, user *db.User, exceptSession int64, undoAfter time.Time, undoBefore int64) error {
	user.GoogleSubject = ""
	if err := db.ReplaceEmail(ctx, tx, user); err != nil {
		return err
	}
	if err := db.DeleteLinks(ctx, tx, user.ID); err != nil {
		return err
	}
	if err := db.KeepUndoLinks(ctx, tx, user.ID, undoAfter, undoBefore); err != nil {
		return err
	}
	return db.EndSessions(ctx, tx, user.ID, exceptSession)
}
