package impl

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// knownFor is how long an address is known after a user has signed in from it.
const knownFor = 30 * 24 * time.Hour

// knownRenewed is how often that is written down.
const knownRenewed = 24 * time.Hour

// bounds say how often something may be tried for one mailbox, whether or not a user has it. Addresses from which its user
// has signed in are counted apart, each with bounds of its own, so that strangers cannot lock the owner out.
type bounds struct {
	kind string
	list []bound // the longest last; none when there is no bound
}

type bound struct {
	most   int
	within time.Duration
}

// passwordTries bounds the passwords that were wrong.
func (s *Server) passwordTries() bounds {
	b := bounds{kind: "password"}
	if most := s.Settings.ThrottlePasswords; most > 0 {
		b.list = []bound{{most, time.Hour}}
	}
	return b
}

// linkTries bounds the links that were requested.
func (s *Server) linkTries() bounds {
	b := bounds{kind: "link"}
	for i, most := range s.Settings.ThrottleLinks {
		if most > 0 {
			b.list = append(b.list, bound{most, []time.Duration{10 * time.Minute, 24 * time.Hour}[i]})
		}
	}
	return b
}

// account is an e-mail address that a request is about, with its user and what was tried for it.
type account struct {
	bounds
	email string
	*db.Account
}

// account looks an e-mail address up: its user, if there is one, and what was tried for it, in one statement.
func (s *Server) account(c *call, email string, b bounds) (*account, error) {
	strangers := sha256.Sum256([]byte(b.kind + "\x00" + email))
	known := sha256.Sum256([]byte(b.kind + "\x00" + email + "\x00" + c.network()))
	found, err := s.DB.AccountByEmail(c.req.Context(), email, c.network(), c.now.Add(-knownFor), strangers[:], known[:])
	return &account{b, email, found}, err
}

// wait is how long it takes until one more try is within the bounds: 0 when it is now.
func (a *account) wait(now time.Time) time.Duration {
	var wait time.Duration
	for _, b := range a.list {
		recent := a.Tries
		for len(recent) > 0 && !recent[0].After(now.Add(-b.within)) {
			recent = recent[1:]
		}
		if len(recent) >= b.most {
			wait = max(wait, recent[len(recent)-b.most].Add(b.within).Sub(now))
		}
	}
	return wait
}

// count counts a try, and tells whether it was within the bounds. What several requests try at once is counted one by one:
// none of them gets an answer that the bounds forbid, whatever it has found out.
func (a *account) count(ctx context.Context, idb bun.IDB, now time.Time) (bool, error) {
	if len(a.list) == 0 {
		return true, nil
	}
	short, long := a.list[0], a.list[len(a.list)-1]
	done, err := idb.NewRaw(`
INSERT INTO tries AS t (key, times, last_at) VALUES (?0, ARRAY[?1::timestamptz], ?1)
ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,
	times = ARRAY(SELECT x FROM unnest(t.times) x WHERE x > ?2 ORDER BY x) || excluded.times
WHERE (SELECT count(*) FROM unnest(t.times) x WHERE x > ?2) < ?3 AND (SELECT count(*) FROM unnest(t.times) x WHERE x > ?4) < ?5`,
		a.Key, now, now.Add(-long.within), long.most, now.Add(-short.within), short.most).Exec(ctx)
	return db.ChangedOne(done, err)
}

// recheck is wait by what was counted meanwhile, for an answer that must not tell anything once the bounds are reached.
func (s *Server) recheck(ctx context.Context, a *account, now time.Time) (time.Duration, error) {
	if len(a.list) == 0 {
		return 0, nil
	}
	err := s.DB.Pool.QueryRow(ctx, "SELECT coalesce((SELECT times FROM tries WHERE key = $1), '{}')", a.Key).Scan(&a.Tries)
	return a.wait(now), err
}

// exhausted is the outcome of a try that was one too many because of others at the same time.
func (s *Server) exhausted(c *call, a *account) (gen.RateLimitExceeded, error) {
	wait, err := s.recheck(c.req.Context(), a, c.now)
	return c.rateLimited(wait), err
}
