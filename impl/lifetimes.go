package impl

import (
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

const (
	sessionLifetime  = 7 * 24 * time.Hour  // from the sign-in
	sessionIdleLimit = 72 * time.Hour      // from the last use
	sessionRetention = 30 * 24 * time.Hour // an ended session answers session-expired, after that invalid-token

	recentSignIn = 15 * time.Minute // the greatest age of a session that may change things without the password
)

// linkLifetimes says how long a link of each kind works. The texts of the mails say the same.
var linkLifetimes = map[db.LinkKind]time.Duration{
	db.MagicLink:        15 * time.Minute,
	db.ResetLink:        time.Hour,
	db.VerificationLink: 7 * 24 * time.Hour,
	db.InvitationLink:   7 * 24 * time.Hour, // but see linkLifetime

	db.EmailChangeLink:     time.Hour, // but see linkLifetime
	db.EmailChangeUndoLink: 72 * time.Hour,
	db.HandedOverLink:      time.Minute,
}

// aDay is how long the invitation of an employee works, and a link by which an administrator changes an address.
const aDay = 24 * time.Hour

// linkLifetime returns how long a link of a user works.
func linkLifetime(link *db.Link, user *db.User) time.Duration {
	if link.Kind == db.InvitationLink && user.Records.Has(db.RoleEmployee) || link.Kind == db.EmailChangeLink && link.ByAdmin {
		return aDay
	}
	return linkLifetimes[link.Kind]
}

func linkExpired(link *db.Link, user *db.User, now time.Time) bool {
	return !now.Before(link.CreatedAt.Add(linkLifetime(link, user)))
}

// expiry is the function expiry, except that remember_me lifts no limit for administrative operations.
func (c *call) expiry(session *db.Session) (reason gen.ExpiryReason, endedAt time.Time) {
	if c.op != nil && c.op.Access != "" {
		return passedLimit(session, c.now)
	}
	return expiry(session, c.now)
}

// expiry returns which limit a session has passed, and when; if both, the earlier one. The reason is "" for a
// live session. A user's remember_me lifts both limits.
func expiry(session *db.Session, now time.Time) (reason gen.ExpiryReason, endedAt time.Time) {
	if session.User.RememberMe {
		return "", time.Time{}
	}
	return passedLimit(session, now)
}

func passedLimit(session *db.Session, now time.Time) (reason gen.ExpiryReason, endedAt time.Time) {
	reason, endedAt = gen.Absolute, session.CreatedAt.Add(sessionLifetime)
	if idle := session.LastUsedAt.Add(sessionIdleLimit); idle.Before(endedAt) {
		reason, endedAt = gen.Idle, idle
	}
	if now.Before(endedAt) {
		return "", time.Time{}
	}
	return reason, endedAt
}

// expired reports whether a session has passed one of its limits.
func expired(session *db.Session, now time.Time) bool {
	reason, _ := expiry(session, now)
	return reason != ""
}
