package impl

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	useRemembers = time.Minute // how often the use of a session is noted
	useWrites    = time.Second // how often what was noted is written down
	usesBatch    = 5000        // sessions in one statement
)

// uses are the last uses of sessions that are not written down yet.
type uses struct {
	mu      sync.Mutex
	at      map[int64]time.Time // by the session's id
	writing map[int64]time.Time // those that are being written down
}

func (u *uses) note(session int64, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at.After(u.at[session]) {
		u.at[session] = at
	}
}

// last is the later one of a time that was read and the use that is not written down yet.
func (u *uses) last(session int64, read time.Time) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, at := range []time.Time{u.writing[session], u.at[session]} {
		if at.After(read) {
			read = at
		}
	}
	return read
}

// take hands out what is to be written down.
func (u *uses) take() map[int64]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing, u.at = u.at, map[int64]time.Time{}
	return u.writing
}

// use moves the last use of the call's session, at most once a minute.
func (s *Server) use(c *call, digest [32]byte) {
	if c.now.Sub(c.session.LastUsedAt) < useRemembers {
		return
	}
	later := *c.session
	later.LastUsedAt = c.now
	s.sessions.replace(digest, c.session, &later)
	c.session = &later
	s.uses.note(later.ID, c.now)
}

// writeUses writes the last uses down, time and again until ctx ends, and then those that are left.
func (s *Server) writeUses(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(useWrites):
		}
		noted := s.uses.take()
		for ids := range slices.Chunk(slices.Collect(maps.Keys(noted)), usesBatch) {
			if err := s.writeBatch(context.WithoutCancel(ctx), ids, noted); err != nil {
				s.Log.Warn("the last uses of sessions could not be written, and will be tried again", "cause", err.Error())
				for _, id := range ids {
					s.uses.note(id, noted[id])
				}
			}
		}
	}
}

// writeBatch leaves out what another statement has locked: that deletes the session, or writes the same down for another replica.
// It waits for nobody, so that nobody who waits for it is ever waited for.
func (s *Server) writeBatch(ctx context.Context, ids []int64, noted map[int64]time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, registryLimit)
	defer cancel()
	times := make([]time.Time, len(ids))
	for i, id := range ids {
		times[i] = noted[id]
	}
	_, err := s.DB.Pool.Exec(ctx, `
WITH used AS (
	SELECT s.id, u.at FROM unnest($1::bigint[], $2::timestamptz[]) AS u (id, at) JOIN sessions s ON s.id = u.id AND s.last_used_at < u.at
	FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE sessions s SET last_used_at = used.at FROM used WHERE s.id = used.id`, ids, times)
	return err
}
