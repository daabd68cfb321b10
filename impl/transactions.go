package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// optimisticRetries is how often a request is tried if its user changes between look-up and update: another
// request may have renewed the hash of the password, or set another password.
const optimisticRetries = 5

// lockUser locks a user for a change that concerns the user's sessions: see db.LockUser.
func (c *call) lockUser(ctx context.Context, tx bun.Tx, id int64) (passwordHash string, _ error) {
	c.changed = append(c.changed, id)
	return db.LockUser(ctx, tx, id)
}

// lockAbout locks the user that the call is about. It returns errGone if the user was deleted.
func (c *call) lockAbout(ctx context.Context, tx bun.Tx) error {
	_, err := c.lockUser(ctx, tx, c.about.ID)
	if errors.Is(err, db.ErrPreconditionFailed) {
		return errGone
	}
	return err
}

// errSignedOut means that the session has ended since its token was checked.
var errSignedOut = errors.New("the session was signed out")

// whileSignedIn runs a change of the signed-in user's own data in a transaction that has locked the user. If
// the session has ended since its token was checked, it changes nothing and returns errSignedOut. The audit event of
// the call is saved with the change.
func (s *Server) whileSignedIn(c *call, change func(ctx context.Context, tx bun.Tx) error) error {
	return s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if _, err := c.lockUser(ctx, tx, c.session.UserID); errors.Is(err, db.ErrPreconditionFailed) {
			return errSignedOut
		} else if err != nil {
			return err
		}
		exists, err := db.SessionExists(ctx, tx, c.session.ID)
		if err != nil {
			return err
		}
		if !exists {
			return errSignedOut
		}
		return change(ctx, tx)
	})
}
