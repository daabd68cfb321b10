package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// LastUsedUpdate is a new value for the last_used_at of a session.
type LastUsedUpdate struct {
	SessionID int64
	Known     time.Time // last_used_at as it was read before this use
	UsedAt    time.Time
}

// FlushLastUsed writes updates. It waits for no lock: sessions that another transaction has locked are not
// written, and their ids returned. Such a transaction deletes the session, or is a flush of another replica.
//
// Sessions that no longer exist are skipped, and so are those whose last_used_at in the database is
//   - less than interval before UsedAt: another replica has written a recent use;
//   - older than Known: an operator has set it back.
func (d *DB) FlushLastUsed(ctx context.Context, updates []LastUsedUpdate, interval time.Duration) (locked []int64, _ error) {
	ids, known, usedAt := make([]int64, len(updates)), make([]time.Time, len(updates)), make([]time.Time, len(updates))
	for i, u := range updates {
		ids[i], known[i], usedAt[i] = u.SessionID, u.Known, u.UsedAt
	}
	rows, err := d.Pool.Query(ctx, `
WITH due AS (
	SELECT u.* FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS u (id, known, used_at) JOIN sessions s USING (id)
	WHERE s.last_used_at BETWEEN u.known AND u.used_at - make_interval(secs => $4)
), free AS (
	SELECT s.id, due.used_at FROM due JOIN sessions s USING (id)
	WHERE s.last_used_at BETWEEN due.known AND due.used_at - make_interval(secs => $4)
	FOR NO KEY UPDATE OF s SKIP LOCKED
), written AS (UPDATE sessions s SET last_used_at = free.used_at FROM free WHERE s.id = free.id RETURNING s.id)
SELECT id FROM due EXCEPT SELECT id FROM written`, ids, known, usedAt, interval.Seconds())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
