package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// Mailbox limits the attempts of one kind for each mailbox.
type Mailbox struct {
	kind  string // part of the keys in the table tries
	mails bool   // whether attempts send mails, so that all addresses of a mailbox count as one

	strangers []db.Limit // for networks that are not known; none if attempts are not limited
	known     []db.Limit // for a network from which the user has signed in
}

// PasswordWindow is the time in which failed passwords are limited.
const PasswordWindow = time.Hour

// strangersPerNetwork is how many times the limit of one network the limit of all strangers together is, unless
// it is set.
const strangersPerNetwork = 3

// Passwords limits failed passwords in an hour: first those from one network, then those from all networks
// together that are not known. Without the second it is three times the first. One that is 0 does not apply.
func Passwords(limits ...int) Mailbox {
	m := Mailbox{kind: "passwords"}
	own, all := at(limits, 0), at(limits, 1)
	if len(limits) == 1 {
		all = strangersPerNetwork * own
	}
	if own > 0 {
		l := db.Limit{Attempts: own, Within: PasswordWindow, Own: true}
		m.strangers, m.known = append(m.strangers, l), append(m.known, l)
	}
	if all > 0 {
		m.strangers = append(m.strangers, db.Limit{Attempts: all, Within: PasswordWindow})
	}
	return m
}

// Links limits requested links: the first limit is for 10 minutes, the second for a day. Beyond the second, one
// link an hour is allowed. One that is 0 or missing does not apply.
func Links(limits ...int) Mailbox {
	m := Mailbox{kind: "links", mails: true}
	for i, l := range []db.Limit{{Within: 10 * time.Minute}, {Within: 24 * time.Hour, Beyond: time.Hour}} {
		if l.Attempts = at(limits, i); l.Attempts > 0 {
			m.strangers = append(m.strangers, l)
			l.Own = true
			m.known = append(m.known, l)
		}
	}
	return m
}

// Notices limits mails that nobody asked for, and Summaries those that stand for the rest.
var (
	Notices   = Mailbox{kind: "notices", mails: true, strangers: []db.Limit{{Attempts: 5, Within: time.Hour}}}
	Summaries = Mailbox{kind: "summaries", mails: true, strangers: []db.Limit{{Attempts: 1, Within: time.Hour}}}
)

// EmailChanges limits how often a user may ask for another address: each request mails to somebody else.
var EmailChanges = Mailbox{kind: "email_changes", mails: true, strangers: []db.Limit{{Attempts: 20, Within: time.Hour}}}

// Judgements limits how often a network may ask whether a password would be accepted. Its keys are of networks.
var Judgements = Mailbox{kind: "judgements", strangers: []db.Limit{{Attempts: 60, Within: time.Minute}}}

// Registrations limits the registrations of a network in an hour; 0 for no limit. Its keys are of networks.
func Registrations(perHour int) Mailbox {
	m := Mailbox{kind: "registrations"}
	if perHour > 0 {
		m.strangers = []db.Limit{{Attempts: perHour, Within: time.Hour}}
	}
	return m
}

func at(limits []int, i int) int {
	if i < len(limits) {
		return limits[i]
	}
	return 0
}

// For returns the limits that count for one application only.
func (m Mailbox) For(application int64) Mailbox {
	m.kind += " " + strconv.FormatInt(application, 10)
	return m
}

// Key returns the key under which attempts for an e-mail address are counted.
func (m Mailbox) Key(email string) [32]byte {
	if m.mails {
		email = formats.Mailbox(email)
	}
	return sha256.Sum256([]byte(m.kind + "\x00" + email))
}

// PasswordKey returns the key under which failed passwords of an e-mail address are counted.
func PasswordKey(email string) []byte {
	key := Passwords().Key(email)
	return key[:]
}

// MailKeys returns the keys under which mails to the mailbox of an e-mail address are counted: links for each
// application, notices and summaries.
func MailKeys(email string, applications []int64) [][]byte {
	limits := []Mailbox{Notices, Summaries, EmailChanges}
	for _, id := range applications {
		limits = append(limits, Links().For(id))
	}
	keys := make([][]byte, len(limits))
	for i, limit := range limits {
		key := limit.Key(email)
		keys[i] = key[:]
	}
	return keys
}

// Digest returns the digest of a network that an attempt keeps. It is positive.
func Digest(network string) int64 {
	sum := sha256.Sum256([]byte(network))
	return int64(binary.BigEndian.Uint64(sum[:])>>1 | 1)
}

// Wait returns how long it takes until a network may make another attempt, given the earlier ones, the oldest
// first: 0 if it is now. The attempts of a known network are limited apart from those of strangers.
func (m Mailbox) Wait(made []db.Attempt, network int64, known bool, now time.Time) (wait time.Duration) {
	for _, l := range m.of(known) {
		wait = max(wait, l.Wait(made, network, now))
	}
	return wait
}

// WaitOfStrangers returns how long it takes until the limit of all strangers together allows another attempt.
func (m Mailbox) WaitOfStrangers(made []db.Attempt, now time.Time) (wait time.Duration) {
	for _, l := range m.strangers {
		if !l.Own {
			wait = max(wait, l.Wait(made, 0, now))
		}
	}
	return wait
}

// Count adds an attempt under a key unless that would exceed a limit, and reports whether it did. Unknown says
// that no user has the mailbox.
func (m Mailbox) Count(ctx context.Context, idb bun.IDB, key []byte, network int64, known, unknown bool, now time.Time) (bool, error) {
	if !m.Enabled() {
		return true, nil
	}
	if known {
		network = -network
	}
	return db.CountAttempt(ctx, idb, key, db.Attempt{At: now, Network: network}, unknown, m.of(known))
}

func (m Mailbox) of(known bool) []db.Limit {
	if known {
		return m.known
	}
	return m.strangers
}

// Enabled reports whether attempts are limited at all.
func (m Mailbox) Enabled() bool { return len(m.strangers) > 0 }

// Most returns how many failed passwords in an hour are allowed for one network, and for all together: the
// conditions of a sign-in.
func (m Mailbox) Most(known bool) (own, all int) {
	own, all = math.MaxInt32, math.MaxInt32
	for _, l := range m.of(known) {
		if l.Own {
			own = l.Attempts
		} else {
			all = l.Attempts
		}
	}
	return own, all
}
