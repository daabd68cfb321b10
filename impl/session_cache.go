package impl

import (
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/planoauth/planoauth/db"
)

const (
	cachedSessions = 1 << 15
	// cacheTrust is how old an answer may be that no statement has confirmed. While changes are heard of, none is.
	cacheTrust = time.Second
	// cacheLife is how old one may be in any case: of some changes nobody tells, such as those made while triggers are disabled.
	cacheLife = time.Minute
	// userEpochs is by how much all users are divided to have those, on average, whom one change makes a replica forget.
	userEpochs = 1 << 12
)

// sessionCache keeps the sessions that sessions/read has found, so that the next check of the same one needs no statement. What
// it keeps are rows; they are judged anew at each check. A change to a user outdates all that is kept of the user.
type sessionCache struct {
	sessions *lru.Cache[[32]byte, *cachedSession]
	epochs   [userEpochs]atomic.Uint64 // each counts the changes to some users
	changes  atomic.Uint64             // all of them
	heard    atomic.Pointer[time.Time] // all changes that were committed before have been heard of
}

// cachedSession is never changed, only replaced.
type cachedSession struct {
	session *db.Session
	epoch   uint64
	readAt  time.Time
}

func newSessionCache() *sessionCache {
	sessions, err := lru.New[[32]byte, *cachedSession](cachedSessions)
	if err != nil {
		panic(err) // it refuses nothing but a size of 0
	}
	c := &sessionCache{sessions: sessions}
	c.heard.Store(&time.Time{})
	return c
}

func (c *sessionCache) epoch(user int64) *atomic.Uint64 { return &c.epochs[uint64(user)%userEpochs] }

// find is nil unless the session is kept, and is as good as if it were read now.
func (c *sessionCache) find(digest [32]byte, now time.Time) *db.Session {
	kept, ok := c.sessions.Get(digest)
	if !ok || kept.epoch != c.epoch(kept.session.UserID).Load() {
		return nil
	}
	age := now.Sub(kept.readAt)
	if age > cacheLife || age > cacheTrust && now.Sub(*c.heard.Load()) > cacheTrust {
		return nil
	}
	if reason, _ := expiry(kept.session, now); reason != "" {
		return nil // another replica may have seen it in use
	}
	return kept.session
}

// keep takes a session that was read at a time, when there had been so many changes. What has changed since is not kept: it may
// be this session.
func (c *sessionCache) keep(digest [32]byte, session *db.Session, readAt time.Time, changes uint64) {
	kept := &cachedSession{session: session, epoch: c.epoch(session.UserID).Load(), readAt: readAt}
	if c.changes.Load() == changes {
		c.sessions.Add(digest, kept)
	}
}

// replace puts a session, which was used later, in the place of the one that is kept, if that is still the same.
func (c *sessionCache) replace(digest [32]byte, session, later *db.Session) {
	if kept, ok := c.sessions.Peek(digest); ok && kept.session == session {
		c.sessions.Add(digest, &cachedSession{session: later, epoch: kept.epoch, readAt: kept.readAt})
	}
}

// trust notes that all changes which were committed before this time have been heard of.
func (c *sessionCache) trust(until time.Time) { c.heard.Store(&until) }

// forget outdates all that is kept of a user.
func (c *sessionCache) forget(user int64) {
	c.changes.Add(1)
	c.epoch(user).Add(1)
}

// forgetAll outdates everything.
func (c *sessionCache) forgetAll() {
	c.changes.Add(1)
	for i := range c.epochs {
		c.epochs[i].Add(1)
	}
}
