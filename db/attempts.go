package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Limit is the number of attempts that are allowed within a duration.
type Limit struct {
	Attempts int
	Within   time.Duration
}

// CountAttempt adds an attempt to those of a key, unless that would exceed one of two limits, the shorter and
// the longer. It reports whether it did. Concurrent attempts are counted one after the other, so the limits
// are exact. Attempts older than the longer limit are removed.
func CountAttempt(ctx context.Context, idb bun.IDB, key []byte, now time.Time, short, long Limit) (bool, error) {
	return ChangedOne(idb.NewRaw(`
INSERT INTO tries AS t (key, times, last_at) VALUES (?0, ARRAY[?1::timestamptz], ?1)
ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,
	times = ARRAY(SELECT x FROM unnest(t.times) x WHERE x > ?2 ORDER BY x) || excluded.times
WHERE (SELECT count(*) FROM unnest(t.times) x WHERE x > ?2) < ?3 AND (SELECT count(*) FROM unnest(t.times) x WHERE x > ?4) < ?5`,
		key, now, now.Add(-long.Within), long.Attempts, now.Add(-short.Within), short.Attempts).Exec(ctx))
}

// Attempts returns when the attempts of a key were made, the oldest first.
func (d *DB) Attempts(ctx context.Context, key []byte) (times []time.Time, _ error) {
	err := d.readRow(ctx, "SELECT coalesce((SELECT times FROM tries WHERE key = $1), '{}')", []any{key}, &times)
	return times, err
}
