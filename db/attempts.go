package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// Attempt is something that was attempted for a mailbox, or by a network, at a time.
type Attempt struct {
	At time.Time
	// Network is a digest of the network address. It is negative for an attempt that counts for its own network
	// only, and positive for one that also counts for all networks together.
	Network int64
}

// By reports whether the attempt came from the network with this digest, which is positive.
func (a Attempt) By(network int64) bool { return a.Network == network || a.Network == -network }

// Limit is the number of attempts that are allowed within a duration.
type Limit struct {
	Attempts int
	Within   time.Duration
	// Own limits the attempts of one network. Otherwise those of all networks together are limited.
	Own bool
	// Beyond is the time since the last attempt after which another one is allowed all the same; 0 for never.
	Beyond time.Duration
}

// Wait returns how long it takes until the limit allows another attempt of a network, given the earlier ones,
// the oldest first: 0 if it is now.
func (l Limit) Wait(made []Attempt, network int64, now time.Time) time.Duration {
	var recent []time.Time
	for _, a := range made {
		inScope := a.Network > 0
		if l.Own {
			inScope = a.By(network)
		}
		if inScope && a.At.After(now.Add(-l.Within)) {
			recent = append(recent, a.At)
		}
	}
	if len(recent) < l.Attempts {
		return 0
	}
	wait := recent[len(recent)-l.Attempts].Add(l.Within).Sub(now)
	if l.Beyond > 0 {
		wait = min(wait, recent[len(recent)-1].Add(l.Beyond).Sub(now))
	}
	return max(wait, 0)
}

// CountAttempt adds an attempt to those of a key, unless a limit is reached, and reports whether it did.
// Concurrent attempts are counted one after the other, so the limits are exact. Attempts older than all limits
// are removed. Unknown says that no user has the mailbox of the key.
func CountAttempt(ctx context.Context, idb bun.IDB, key []byte, attempt Attempt, unknown bool, limits []Limit) (bool, error) {
	oldest := attempt.At
	var reached []string
	var args []any
	for _, l := range limits {
		after := attempt.At.Add(-l.Within)
		if after.Before(oldest) {
			oldest = after
		}
		ofScope := "network > 0"
		if l.Own {
			ofScope = fmt.Sprintf("abs(network) = %d", max(attempt.Network, -attempt.Network))
		}
		beyond := time.Time{}
		if l.Beyond > 0 {
			beyond = attempt.At.Add(-l.Beyond)
		}
		reached = append(reached, "(SELECT count(*) FILTER (WHERE at > ?) >= ? AND max(at) > ? FROM "+madeAttempts+" WHERE "+ofScope+")")
		args = append(args, after, l.Attempts, beyond)
	}
	args = append([]any{key, attempt.At, attempt.Network, attempt.At, unknown, oldest, oldest}, args...)
	return ChangedOne(idb.NewRaw(`
INSERT INTO tries AS t (key, times, networks, last_at, unknown) VALUES (?, ARRAY[?::timestamptz], ARRAY[?::bigint], ?, ?)
ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at, unknown = t.unknown AND excluded.unknown,
	times = ARRAY(SELECT at FROM `+madeAttempts+` WHERE at > ? ORDER BY at, network) || excluded.times,
	networks = ARRAY(SELECT network FROM `+madeAttempts+` WHERE at > ? ORDER BY at, network) || excluded.networks
WHERE NOT coalesce(`+strings.Join(append(reached, "false"), " OR ")+`, false)`, args...).Exec(ctx))
}

// madeAttempts are the attempts of a row t of tries.
const madeAttempts = "unnest(t.times, t.networks) AS made (at, network)"

// Attempts returns the attempts of a key, the oldest first.
func (d *DB) Attempts(ctx context.Context, key []byte) ([]Attempt, error) {
	var times []time.Time
	var networks []int64
	err := d.readRow(ctx, "SELECT times, networks FROM tries WHERE key = $1", []any{key}, &times, &networks)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return attempts(times, networks), err
}

func attempts(times []time.Time, networks []int64) []Attempt {
	if len(times) == 0 {
		return nil
	}
	made := make([]Attempt, min(len(times), len(networks)))
	for i := range made {
		made[i] = Attempt{times[i], networks[i]}
	}
	return made
}

// TrimUnknown deletes the attempts for mailboxes that no user has, except for those that were tried last.
func (d *DB) TrimUnknown(ctx context.Context, keep int) error {
	_, err := d.Pool.Exec(ctx, `
DELETE FROM tries WHERE unknown AND last_at < (SELECT last_at FROM tries WHERE unknown ORDER BY last_at DESC OFFSET $1 LIMIT 1)`, keep-1)
	return err
}
