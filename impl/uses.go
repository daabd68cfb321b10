package impl

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	useRemembers = time.Minute // how often the use of a session is noted
	useWrites    = time.Second // how often what was noted is written down
	usesBatch    = 5000        // sessions in one statement
	useTries     = 5           // at a stop, for what cannot be written at once
)

// uses are the last uses of sessions that are not written down yet.
type uses struct {
	mu      sync.Mutex
	noted   map[int64]use // by the session's id
	writing map[int64]use // those that are being written down
}

// use is one, and the last one that was known when it was noted. Where an earlier one than that is read, somebody has set
// it back, and the use counts no longer.
type use struct{ known, at time.Time }

func (u use) after(read time.Time) bool { return !read.Before(u.known) && u.at.After(read) }

// note notes one. With one that is noted already it becomes one: neither is written down yet.
func (u *uses) note(session int64, later use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if earlier, ok := u.noted[session]; ok {
		if earlier.known.Before(later.known) {
			later.known = earlier.known
		}
		if earlier.at.After(later.at) {
			later.at = earlier.at
		}
	}
	u.noted[session] = later
}

// last is the later one of a time that was read and the use that is not written down yet.
func (u *uses) last(session int64, read time.Time) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := read
	for _, use := range []use{u.writing[session], u.noted[session]} {
		if use.after(read) && use.at.After(last) {
			last = use.at
		}
	}
	return last
}

// take hands out what is to be written down.
func (u *uses) take() map[int64]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing, u.noted = u.noted, map[int64]use{}
	return u.writing
}

// wrote ends what take began, and tells whether nothing is noted meanwhile.
func (u *uses) wrote() (all bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing = nil
	return len(u.noted) == 0
}

// use moves the last use of the call's session, at most once a minute.
func (s *Server) use(c *call, digest [32]byte) {
	known := c.session.LastUsedAt
	if c.now.Sub(known) < useRemembers {
		return
	}
	later := *c.session
	later.LastUsedAt = c.now
	s.sessions.replace(digest, c.session, &later)
	c.session = &later
	s.uses.note(later.ID, use{known, c.now})
}

// writeUses writes the last uses down, time and again until ctx ends, and then those that are left.
func (s *Server) writeUses(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(s.Settings.interval(useWrites)):
		}
		s.writeNoted(ctx)
	}
	for range useTries {
		if s.writeNoted(ctx) {
			return
		}
		time.Sleep(s.Settings.interval(useWrites))
	}
}

// writeNoted writes down what is noted, and tells whether nothing is left.
func (s *Server) writeNoted(ctx context.Context) (all bool) {
	noted := s.uses.take()
	for ids := range slices.Chunk(slices.Collect(maps.Keys(noted)), usesBatch) {
		missed, err := s.writeBatch(context.WithoutCancel(ctx), ids, noted)
		if err != nil {
			s.Log.Warn("the last uses of sessions could not be written, and will be tried again", "cause", err.Error())
			missed = ids
		}
		for _, id := range missed {
			s.uses.note(id, noted[id])
		}
	}
	return s.uses.wrote()
}

// writeBatch writes uses down, each a minute or more after the last one that is written, by whichever replica. It returns the
// sessions that another statement had locked: that deletes them, or writes the same down for another replica. It waits for nobody,
// so that nobody who waits for it is ever waited for.
func (s *Server) writeBatch(ctx context.Context, ids []int64, noted map[int64]use) (missed []int64, _ error) {
	ctx, cancel := context.WithTimeout(ctx, registryLimit)
	defer cancel()
	known, at := make([]time.Time, len(ids)), make([]time.Time, len(ids))
	for i, id := range ids {
		known[i], at[i] = noted[id].known, noted[id].at
	}
	rows, err := s.DB.Pool.Query(ctx, `
WITH due AS (
	SELECT u.* FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS u (id, known, at) JOIN sessions s USING (id)
	WHERE s.last_used_at BETWEEN u.known AND u.at - $4::interval
), free AS (
	SELECT s.id, due.at FROM due JOIN sessions s USING (id) WHERE s.last_used_at BETWEEN due.known AND due.at - $4::interval
	FOR NO KEY UPDATE OF s SKIP LOCKED
), written AS (UPDATE sessions s SET last_used_at = free.at FROM free WHERE s.id = free.id RETURNING s.id)
SELECT id FROM due EXCEPT SELECT id FROM written`, ids, known, at, useRemembers)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
