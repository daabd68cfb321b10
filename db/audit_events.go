package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// AddRefusals saves audit events of requests that were refused. Where the actor or the subject was deleted since,
// the event is saved without address and browser, as ForgetInAudit would leave it.
func (d *DB) AddRefusals(ctx context.Context, events []AuditEvent) error {
	var ids []int64
	for i := range events {
		ids = append(ids, events[i].ActorID, events[i].SubjectID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var users []int64 // locked against deletion, in the order of their ids
		err := tx.NewRaw("SELECT id FROM users WHERE id IN (?) ORDER BY id FOR KEY SHARE", bun.List(ids)).Scan(ctx, &users)
		if err != nil {
			return err
		}
		for i := range events {
			for _, id := range []int64{events[i].ActorID, events[i].SubjectID} {
				if _, exists := slices.BinarySearch(users, id); id != 0 && !exists {
					events[i].IP, events[i].UserAgent = "", ""
				}
			}
		}
		return Insert(ctx, tx, &events)
	})
}

// ForgetInAudit takes the address and the browser out of all audit events whose actor or subject is a user. Call it
// in the transaction that deletes the user, after LockUser.
func ForgetInAudit(ctx context.Context, tx bun.Tx, userID int64) error {
	_, err := tx.NewRaw("SELECT forget_in_audit_events(?)", userID).Exec(ctx)
	return err
}

// CleanUpAudit deletes the oldest audit events that were created at a time or earlier, at most so many, and returns
// their number.
func CleanUpAudit(ctx context.Context, idb bun.IDB, upTo time.Time, most int) (deleted int64, err error) {
	err = idb.NewRaw("SELECT clean_up_audit_events(?, ?)", upTo, most).Scan(ctx, &deleted)
	return deleted, err
}

// AuditedUsers returns the actors and subjects of audit events by their ids, with their addresses. Those who were
// deleted are missing.
func AuditedUsers(ctx context.Context, idb bun.IDB, events []AuditEvent) (map[int64]*User, error) {
	var ids []int64
	for i := range events {
		ids = append(ids, events[i].ActorID, events[i].SubjectID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var found []User
	err := idb.NewSelect().Model(&found).Column("id", "email", "email_verified_at").Where("id IN (?)", bun.List(ids)).Scan(ctx)
	users := make(map[int64]*User, len(found))
	for i := range found {
		users[found[i].ID] = &found[i]
	}
	return users, err
}
