package impl

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/ratelimit"
)

const (
	// knownAddressLife is how long after a sign-in its network address counts as one of the user's own.
	knownAddressLife = 30 * 24 * time.Hour
	// knownAddressRenewal is how old a recorded sign-in must be for one from the same address to replace it.
	knownAddressRenewal = 24 * time.Hour
)

// limitAddress is step 3: a client address may send only so many requests in a minute.
func (s *Server) limitAddress(c *call) (gen.Outcome, error) {
	if !c.op.Throttled {
		return nil, nil
	}
	if wait := s.Addresses.Count(c.network(), c.now); wait > 0 {
		return c.rateLimited(wait), nil
	}
	return nil, nil
}

// account is the e-mail address that a request names, with its user, if any, and the attempts made for it.
type account struct {
	*db.Account
	email string
	limit ratelimit.Mailbox
}

// account looks up an e-mail address, its user, and the attempts that count for this call, in one statement.
func (s *Server) account(c *call, email string, limit ratelimit.Mailbox) (*account, error) {
	network := c.network()
	strangers, known := limit.Keys(email, network)
	found, err := s.DB.AccountByEmail(c.context(), email, network, c.now.Add(-knownAddressLife), strangers[:], known[:])
	if err != nil {
		return nil, err
	}
	c.concerns(found.User)
	return &account{found, email, limit}, nil
}

// wait returns how long it takes until another attempt is allowed: 0 if it is now.
func (a *account) wait(now time.Time) time.Duration { return a.limit.Wait(a.Attempts, now) }

// count counts an attempt and reports whether it is within the limits. If it is not, concurrent attempts have
// used them up, and the answer must not reveal what this attempt has found out.
func (a *account) count(ctx context.Context, idb bun.IDB, now time.Time) (bool, error) {
	return a.limit.Count(ctx, idb, a.Key, now)
}

// recheck reads the attempts again and returns wait. It comes before an answer that reveals that an attempt
// was right, so that concurrent attempts over the limits learn nothing.
func (s *Server) recheck(ctx context.Context, a *account, now time.Time) (wait time.Duration, err error) {
	if !a.limit.Enabled() {
		return 0, nil
	}
	a.Attempts, err = s.DB.Attempts(ctx, a.Key)
	return a.wait(now), err
}

// exhausted is the outcome of an attempt for which concurrent attempts have left nothing of the limits.
func (s *Server) exhausted(c *call, a *account) (gen.RateLimitExceeded, error) {
	wait, err := s.recheck(c.context(), a, c.now)
	return c.rateLimited(wait), err
}
