package sessioncache

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/planoauth/planoauth/db"
)

var (
	digest = [32]byte{1}
	start  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

const user, otherUser = 5, 6

// newTestCache makes a cache whose database has one session of user, last used an hour ago, and whose clock
// is *now.
func newTestCache(now *time.Time) *Cache {
	return New(Options{
		Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return *now },
		SessionByToken: func(context.Context, []byte) (*db.Session, error) {
			return &db.Session{ID: 7, UserID: user, LastUsedAt: start.Add(-time.Hour)}, nil
		},
		Expired:         func(s *db.Session, now time.Time) bool { return now.Sub(s.LastUsedAt) > 72*time.Hour },
		RegistryChanged: func() {},
	})
}

func load(t *testing.T, c *Cache) *db.Session {
	t.Helper()
	session, err := c.Load(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		events func(c *Cache, now *time.Time)
		found  bool
	}{
		{"just read", func(*Cache, *time.Time) {}, true},
		{"read a second ago, with no heartbeat", func(_ *Cache, now *time.Time) { *now = start.Add(time.Second) }, true},
		{"read longer ago, with no heartbeat", func(_ *Cache, now *time.Time) { *now = start.Add(1001 * time.Millisecond) }, false},
		{"confirmed by a recent heartbeat", func(c *Cache, now *time.Time) {
			*now = start.Add(30 * time.Second)
			c.confirm(start.Add(29 * time.Second))
		}, true},
		{"confirmed by an old heartbeat", func(c *Cache, now *time.Time) {
			*now = start.Add(30 * time.Second)
			c.confirm(start.Add(28 * time.Second))
		}, false},
		{"read more than a minute ago", func(c *Cache, now *time.Time) {
			*now = start.Add(61 * time.Second)
			c.confirm(*now)
		}, false},
		{"the user was invalidated", func(c *Cache, _ *time.Time) { c.Forget(user) }, false},
		{"another user was invalidated", func(c *Cache, _ *time.Time) { c.Forget(otherUser) }, true},
		{"everybody was invalidated", func(c *Cache, _ *time.Time) { c.forgetAll() }, false},
		{"it has expired since", func(c *Cache, now *time.Time) {
			c.Intervals.MaxAge = 100 * time.Hour
			*now = start.Add(71*time.Hour + time.Second)
			c.confirm(*now)
		}, false},
	} {
		now := start
		c := newTestCache(&now)
		load(t, c)
		row.events(c, &now)
		if found := c.Find(digest) != nil; found != row.found {
			t.Errorf("%s: found is %v", row.name, found)
		}
	}
}

func TestDispatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		channel, payload string
		found            bool
		registryChanges  int
	}{
		{db.UsersChannel, "6", true, 0},
		{db.UsersChannel, "6,5,7", false, 0},
		{db.UsersChannel, "*", false, 0},
		{db.RegistryChannel, "", true, 1},
	} {
		now, registryChanges := start, 0
		c := newTestCache(&now)
		c.RegistryChanged = func() { registryChanges++ }
		load(t, c)
		(&listener{cache: c}).dispatch(&pgconn.Notification{Channel: row.channel, Payload: row.payload})
		if found := c.Find(digest) != nil; found != row.found || registryChanges != row.registryChanges {
			t.Errorf("%s %q: found is %v, the registry changed %d times", row.channel, row.payload, found, registryChanges)
		}
	}
}

func TestInvalidatedWhileItIsRead(t *testing.T) {
	t.Parallel()
	now := start
	c := newTestCache(&now)
	read := c.SessionByToken
	c.SessionByToken = func(ctx context.Context, digest []byte) (*db.Session, error) {
		defer c.Forget(user)
		return read(ctx, digest)
	}
	if load(t, c) == nil || c.Find(digest) != nil {
		t.Error("what was read before the invalidation is in the cache")
	}
}

// TestConcurrentInvalidations changes a session again and again while others read it: Find never returns a
// session from before an invalidation that has ended.
func TestConcurrentInvalidations(t *testing.T) {
	t.Parallel()
	var row, invalidated atomic.Int64 // the version of the session's row, and the last one that was invalidated
	c := newTestCache(&start)
	c.SessionByToken = func(context.Context, []byte) (*db.Session, error) {
		defer runtime.Gosched()
		return &db.Session{ID: row.Load(), UserID: user, LastUsedAt: start}, nil
	}
	var checks sync.WaitGroup
	var ended atomic.Bool
	for range 3 {
		checks.Go(func() {
			for !ended.Load() {
				least := invalidated.Load()
				if session := c.Find(digest); session == nil {
					c.Load(t.Context(), digest)
				} else if session.ID < least {
					t.Errorf("version %d was found after the invalidation of %d", session.ID, least)
					return
				}
			}
		})
	}
	for version := range int64(2000) {
		for range rand.IntN(20) {
			runtime.Gosched()
		}
		row.Store(version)
		c.Forget(user)
		invalidated.Store(version)
	}
	ended.Store(true)
	checks.Wait()
}

func TestTouch(t *testing.T) {
	t.Parallel()
	now := start
	c := newTestCache(&now)
	session := load(t, c)
	touched := c.Touch(t.Context(), digest, session, start)
	if !touched.LastUsedAt.Equal(start) || session.LastUsedAt.Equal(start) {
		t.Fatal("the session was not touched, or the shared one was modified")
	}
	if c.Find(digest) != touched {
		t.Error("the touched session is not in the cache")
	}
	if c.Touch(t.Context(), digest, touched, start.Add(59*time.Second)) != touched {
		t.Error("the session was touched twice within a minute")
	}
	c.Touch(t.Context(), digest, session, start) // of a concurrent request
	if c.Find(digest) != touched {
		t.Error("a session that was replaced is in the cache again")
	}
	if session := load(t, c); !session.LastUsedAt.Equal(start) {
		t.Error("what is read does not include the pending update")
	}
}
