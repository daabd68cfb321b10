package ratelimit

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// Mailbox limits the attempts of one kind for each mailbox.
type Mailbox struct {
	kind   string     // part of the keys in the table tries
	limits []db.Limit // one or two, the shorter first; none if attempts are not limited
}

// Passwords limits failed passwords in an hour; 0 for no limit.
func Passwords(perHour int) Mailbox {
	m := Mailbox{kind: "password"}
	if perHour > 0 {
		m.limits = []db.Limit{{Attempts: perHour, Within: time.Hour}}
	}
	return m
}

// Links limits requested links: the first limit is for 10 minutes, the second for a day. One that is 0 or
// missing does not apply.
func Links(limits ...int) Mailbox {
	m := Mailbox{kind: "link"}
	for i, within := range []time.Duration{10 * time.Minute, 24 * time.Hour} {
		if i < len(limits) && limits[i] > 0 {
			m.limits = append(m.limits, db.Limit{Attempts: limits[i], Within: within})
		}
	}
	return m
}

// Keys returns the keys under which attempts for an e-mail address are counted: one for all strangers
// together, and one for a network from which the user has signed in.
func (m Mailbox) Keys(email, network string) (strangers, known [32]byte) {
	prefix := m.kind + "\x00" + email
	return sha256.Sum256([]byte(prefix)), sha256.Sum256([]byte(prefix + "\x00" + network))
}

// Wait returns how long it takes until another attempt is allowed, given the earlier ones, the oldest first:
// 0 if it is now.
func (m Mailbox) Wait(attempts []time.Time, now time.Time) (wait time.Duration) {
	for _, l := range m.limits {
		recent := attempts
		for len(recent) > 0 && !recent[0].After(now.Add(-l.Within)) {
			recent = recent[1:]
		}
		if len(recent) >= l.Attempts {
			wait = max(wait, recent[len(recent)-l.Attempts].Add(l.Within).Sub(now))
		}
	}
	return wait
}

// Count adds an attempt under a key unless that would exceed a limit, and reports whether it did.
func (m Mailbox) Count(ctx context.Context, idb bun.IDB, key []byte, now time.Time) (bool, error) {
	if !m.Enabled() {
		return true, nil
	}
	return db.CountAttempt(ctx, idb, key, now, m.limits[0], m.limits[len(m.limits)-1])
}

// Enabled reports whether attempts are limited at all.
func (m Mailbox) Enabled() bool { return len(m.limits) > 0 }

// Shorter returns the limit for the shorter time. There must be one: see Enabled.
func (m Mailbox) Shorter() db.Limit { return m.limits[0] }
