package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/gen"
)

// PreferencesRead returns what the user of the presented session has chosen.
func (s *Server) PreferencesRead(ctx context.Context, _ gen.PreferencesReadRequestObject) (gen.PreferencesReadResponseObject, error) {
	return gen.PreferencesReadActionSuccessful{Data: gen.Preferences{RememberMe: callOf(ctx).session.User.RememberMe}}, nil
}

// PreferencesUpdate saves what the user has chosen. Where that lifts the limits of sessions, those that have passed one are
// signed out first, for what has ended stays ended; where they were lifted already, none had ended. The presented one has not, though
// its last use need not be written down yet.
func (s *Server) PreferencesUpdate(ctx context.Context, req gen.PreferencesUpdateRequestObject) (gen.PreferencesUpdateResponseObject, error) {
	c, remember := callOf(ctx), req.Body.RememberMe
	err := s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`
WITH ended AS (
	DELETE FROM sessions USING users u
	WHERE user_id = u.id AND u.id = ?0 AND ?1 AND NOT u.remember_me AND (sessions.created_at <= ?2 OR last_used_at <= ?3) AND sessions.id <> ?4)
UPDATE users SET remember_me = ?1 WHERE id = ?0`, c.session.UserID, remember, c.now.Add(-sessionLifetime), c.now.Add(-sessionIdleLimit), c.session.ID).Exec(ctx)
		return err
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case err != nil:
		return nil, err
	}
	return gen.PreferencesUpdateActionSuccessful{Data: gen.Preferences{RememberMe: remember}}, nil
}
