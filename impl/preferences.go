package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
)

// PreferencesRead returns the preferences of the user of the presented session.
func (s *Server) PreferencesRead(ctx context.Context, _ gen.PreferencesReadRequestObject) (gen.PreferencesReadResponseObject, error) {
	return gen.PreferencesReadActionSuccessful{Data: gen.Preferences{RememberMe: callOf(ctx).session.User.RememberMe}}, nil
}

// PreferencesUpdate saves the preferences of the user of the presented session.
//
// Turning remember_me on lifts the limits of all sessions. That must not revive an expired session, so those are
// deleted first. The presented one has just been checked; a pending last_used_at update may make its row look expired.
// The user gets a mail about it, because a stolen token then works for as long as the session exists.
func (s *Server) PreferencesUpdate(ctx context.Context, req gen.PreferencesUpdateRequestObject) (
	gen.PreferencesUpdateResponseObject, error,
) {
	c, remember := callOf(ctx), req.Body.RememberMe
	err := s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) error {
		oldest, idlest := c.now.Add(-sessionLifetime), c.now.Add(-sessionIdleLimit)
		changed, err := db.SetRememberMe(ctx, tx, c.session.UserID, remember, oldest, idlest, c.session.ID)
		if !changed || !remember || err != nil {
			return err
		}
		user := &db.User{ID: c.session.UserID} // with the name and the locale, which sessions do not have
		if found, err := db.Find(ctx, tx, user); !found || err != nil {
			return err
		}
		return s.queueNotice(ctx, tx, c, mailer.RememberMe, user, c.sessionApp)
	})
	switch {
	case errors.Is(err, errSignedOut):
		return invalidToken, nil
	case err != nil:
		return nil, err
	}
	return gen.PreferencesUpdateActionSuccessful{Data: gen.Preferences{RememberMe: remember}}, nil
}
