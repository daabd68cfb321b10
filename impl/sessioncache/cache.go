package sessioncache

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	maxEntries = 1 << 15
	// buckets is the number of groups that users are divided into. Invalidating a user invalidates the group.
	buckets = 1 << 12
)

// Options are what a Cache needs from its server. All are required.
type Options struct {
	DB  *db.DB
	Log *slog.Logger
	Now func() time.Time

	// SessionByToken is the query, db.DB.SessionByToken. It returns nil if there is no session.
	SessionByToken func(ctx context.Context, digest []byte) (*db.Session, error)
	// Expired reports whether a session is past one of its limits.
	Expired func(session *db.Session, now time.Time) bool
	// RegistryChanged is called when the tables of the registry have changed, or may have. It must not block.
	RegistryChanged func()
}

// Cache is the session cache of one replica. Its methods are safe for concurrent use.
type Cache struct {
	Intervals Intervals // set by New; tests shorten them before Run

	Options
	entries        *lru.Cache[[32]byte, *entry]
	confirmedUntil atomic.Pointer[time.Time]
	lastUsed       *lastUsedBuffer

	mu            sync.Mutex             // held by invalidations, and while an entry is stored
	invalidations atomic.Uint64          // of all users
	generations   [buckets]atomic.Uint64 // each counts the invalidations of the users in one bucket
}

// entry is a cached session. It is replaced, never modified.
type entry struct {
	session    *db.Session
	generation uint64 // of the user's bucket when the entry was stored; once they differ, it is stale
	readAt     time.Time
}

// New makes an empty cache. Before Run, entries count as unconfirmed and last-used updates stay pending.
func New(o Options) *Cache {
	entries, err := lru.New[[32]byte, *entry](maxEntries)
	if err != nil {
		panic(err) // only a size below 1 is an error
	}
	lastUsed := newLastUsedBuffer(o.Log, o.DB)
	c := &Cache{Intervals: defaultIntervals, Options: o, entries: entries, lastUsed: lastUsed}
	c.confirm(time.Time{})
	return c
}

// Run receives invalidations and writes last-used updates until ctx ends. It returns when all updates are
// written, or after several attempts that failed.
func (c *Cache) Run(ctx context.Context) {
	var loops sync.WaitGroup
	l := &listener{cache: c}
	loops.Go(func() { background.Every(ctx, c.Intervals.Reconnect, nil, l.listen) })
	loops.Go(func() { c.lastUsed.run(ctx, c.Intervals.Flush) })
	loops.Wait()
}

// Find returns the session with this digest of its token if it is in memory and current, else nil.
func (c *Cache) Find(digest [32]byte) *db.Session {
	e, ok := c.entries.Get(digest)
	if !ok {
		return nil
	}
	now := c.Now()
	age, unconfirmed := now.Sub(e.readAt), now.Sub(*c.confirmedUntil.Load())
	if age > c.Intervals.MaxAge || min(age, unconfirmed) > c.Intervals.Unconfirmed {
		return nil
	}
	if c.Expired(e.session, now) {
		return nil // another replica may have touched the session
	}
	// The generation is compared last, so that all invalidations until confirmedUntil are seen.
	if e.generation != c.generation(e.session.UserID).Load() {
		return nil
	}
	return e.session
}

// Load reads a session from the database, as Read does, and stores it for Find.
func (c *Cache) Load(ctx context.Context, digest [32]byte) (*db.Session, error) {
	before, readAt := c.invalidations.Load(), c.Now()
	session, err := c.Read(ctx, digest)
	if session != nil && err == nil {
		c.store(digest, session, before, readAt)
	}
	return session, err
}

// Read reads a session from the database, nil when there is none. Its LastUsedAt includes a pending update of
// this replica.
func (c *Cache) Read(ctx context.Context, digest [32]byte) (*db.Session, error) {
	session, err := c.SessionByToken(ctx, digest[:])
	if session == nil || err != nil {
		return nil, err
	}
	session.LastUsedAt = c.lastUsed.latest(session.ID, session.LastUsedAt)
	return session, nil
}

// store adds a session that was read after this number of invalidations. If there are more by now, it stores
// nothing: one of them may be for this session.
func (c *Cache) store(digest [32]byte, session *db.Session, invalidations uint64, readAt time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.invalidations.Load() == invalidations {
		c.entries.Add(digest, &entry{session, c.generation(session.UserID).Load(), readAt})
	}
}

// Touch records a use of a session that Find, Load or Read returned. It returns the session with the new
// LastUsedAt, or the same session if that has moved less than TouchInterval ago. A use after a long pause is
// written at once, since a crash would otherwise end the session too early by that pause.
func (c *Cache) Touch(ctx context.Context, digest [32]byte, session *db.Session, now time.Time) *db.Session {
	pause := now.Sub(session.LastUsedAt)
	if pause < TouchInterval {
		return session
	}
	touched := *session
	touched.LastUsedAt = now
	if e, ok := c.entries.Peek(digest); ok && e.session == session {
		c.entries.Add(digest, &entry{&touched, e.generation, e.readAt})
	}
	update := db.LastUsedUpdate{SessionID: session.ID, Known: session.LastUsedAt, UsedAt: now}
	c.lastUsed.add(update)
	if pause > longPause {
		c.lastUsed.writeNow(ctx, update)
	}
	return &touched
}

// Forget invalidates the sessions of a user. After that, Find returns none that was read before.
func (c *Cache) Forget(user int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.invalidations.Add(1)
	c.generation(user).Add(1)
}

// forgetAll invalidates the sessions of all users.
func (c *Cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.invalidations.Add(1)
	for i := range c.generations {
		c.generations[i].Add(1)
	}
}

// confirm records that every invalidation committed before a time has been received.
func (c *Cache) confirm(until time.Time) { c.confirmedUntil.Store(&until) }

func (c *Cache) generation(user int64) *atomic.Uint64 { return &c.generations[uint64(user)%buckets] }
