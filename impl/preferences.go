package impl

import (
	"context"

	"github.com/planoauth/planoauth/gen"
)

// PreferencesRead returns what the user of the presented session has chosen.
func (s *Server) PreferencesRead(ctx context.Context, _ gen.PreferencesReadRequestObject) (gen.PreferencesReadResponseObject, error) {
	return gen.PreferencesReadActionSuccessful{Data: gen.Preferences{RememberMe: callOf(ctx).session.User.RememberMe}}, nil
}

// PreferencesUpdate saves what the user has chosen.
func (s *Server) PreferencesUpdate(ctx context.Context, req gen.PreferencesUpdateRequestObject) (gen.PreferencesUpdateResponseObject, error) {
	c, remember := callOf(ctx), req.Body.RememberMe
	saved, err := s.saveRememberMe(c, remember)
	if err != nil {
		return nil, err
	}
	if !saved {
		return invalidToken, nil // the user was deleted since the token was checked
	}
	return gen.PreferencesUpdateActionSuccessful{Data: gen.Preferences{RememberMe: remember}}, nil
}

// saveRememberMe saves remember_me of the call's user. Where that lifts the limits of sessions, those that have passed one are
// signed out in the same statement, for what has ended stays ended; where they were lifted already, none had ended.
func (s *Server) saveRememberMe(c *call, remember bool) (saved bool, _ error) {
	done, err := s.DB.Pool.Exec(c.req.Context(), `
WITH was AS (SELECT id, remember_me FROM users WHERE id = $1 FOR NO KEY UPDATE), ended AS (
	DELETE FROM sessions USING was WHERE user_id = was.id AND $2 AND NOT was.remember_me AND (created_at <= $3 OR last_used_at <= $4))
UPDATE users SET remember_me = $2 FROM was WHERE users.id = was.id`,
		c.session.UserID, remember, c.now.Add(-sessionLife), c.now.Add(-sessionIdle))
	return done.RowsAffected() == 1, err
}
