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

// limitAddress is step 3: a client address may send only so many requests in any minute.
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
	key   [32]byte
	by    int64 // digest of the call's network
	// apart says that attempts from the network of this call have a limit of their own, which strangers cannot use up.
	apart bool
	// hidden is the wait in answers to a known network, to which the limit of strangers does not apply: opaque answers
	// must not reveal that the network is known. It is 0 if they may state the real one.
	hidden time.Duration
}

// account looks up an e-mail address, its user, and the attempts that count for this call, in one statement.
func (s *Server) account(c *call, email string, limit ratelimit.Mailbox) (*account, error) {
	a, err := accountFrom(c.context(), s.DB, c.network(), email, limit, c.now)
	if err == nil {
		c.concerns(a.User)
	}
	return a, err
}

// accountFrom is account for a call from a network; "" stands for one that was never seen.
func accountFrom(ctx context.Context, d *db.DB, network, email string, limit ratelimit.Mailbox, now time.Time) (*account, error) {
	key := limit.Key(email)
	found, err := d.AccountByEmail(ctx, email, network, now.Add(-knownAddressLife), key[:])
	if err != nil {
		return nil, err
	}
	return &account{Account: found, email: email, limit: limit, key: key, by: ratelimit.Digest(network), apart: found.Known}, nil
}

// passwordAccount is account for an attempt with a password. With opaque answers, a known network counts as a
// stranger's until the limit of strangers is reached.
func (s *Server) passwordAccount(c *call, email string) (*account, error) {
	a, err := s.account(c, email, s.passwordLimit)
	if err == nil && a.Known && s.Settings.opaque() {
		a.hidden = a.limit.WaitOfStrangers(a.Attempts, c.now)
		a.apart = a.hidden > 0
	}
	return a, err
}

// linkAccount is account for a request for a link. With opaque answers, all networks count as strangers'. The
// known networks of a user whose address is not verified count as one: whoever has registered somebody else's
// address signs in from as many as they like.
func (s *Server) linkAccount(c *call, email string, app *db.Application) (*account, error) {
	a, err := s.account(c, email, s.linkLimit.For(app.ID))
	if err != nil {
		return nil, err
	}
	if a.Known && a.User.EmailVerifiedAt.IsZero() {
		a.by = ratelimit.Digest("")
	}
	a.apart = a.apart && !s.Settings.opaque()
	return a, nil
}

// wait returns how long it takes until another attempt is allowed: 0 if it is now.
func (a *account) wait(now time.Time) time.Duration {
	wait := a.limit.Wait(a.Attempts, a.by, a.apart, now)
	if wait > 0 && a.hidden > 0 {
		return a.hidden
	}
	return wait
}

// count counts an attempt and reports whether it is within the limits. If it is not, concurrent attempts have
// used them up, and the answer must not reveal what this attempt has found out.
func (s *Server) count(ctx context.Context, idb bun.IDB, a *account, now time.Time) (bool, error) {
	within, err := a.limit.Count(ctx, idb, a.key[:], a.by, a.apart, a.User == nil, now)
	if within && a.User == nil {
		s.unknownMailboxes.Counted()
	}
	return within, err
}

// recheck reads the attempts again and returns wait. It comes before an answer that reveals that an attempt was right,
// so that concurrent attempts over the limits reveal nothing.
func (s *Server) recheck(ctx context.Context, a *account, now time.Time) (wait time.Duration, err error) {
	if !a.limit.Enabled() {
		return 0, nil
	}
	a.Attempts, err = s.DB.Attempts(ctx, a.key[:])
	return a.wait(now), err
}

// exhausted is the outcome of an attempt when concurrent ones have used up the limits.
func (s *Server) exhausted(c *call, a *account) (gen.RateLimitExceeded, error) {
	wait, err := s.recheck(c.context(), a, c.now)
	return c.rateLimited(wait), err
}

// limitRegistrations refuses a registration from a network that has made too many, before its password is
// hashed.
func (s *Server) limitRegistrations(c *call) (wait time.Duration, _ error) {
	if !s.registrationLimit.Enabled() {
		return 0, nil
	}
	key := s.registrationLimit.Key(c.network())
	made, err := s.DB.Attempts(c.context(), key[:])
	return s.registrationLimit.Wait(made, 0, false, c.now), err
}

// countRegistration counts a registration, or returns errExhausted if concurrent ones have used up the limit.
func (s *Server) countRegistration(ctx context.Context, idb bun.IDB, c *call) error {
	key := s.registrationLimit.Key(c.network())
	within, err := s.registrationLimit.Count(ctx, idb, key[:], ratelimit.Digest(""), false, false, c.now)
	if err == nil && !within {
		return errExhausted
	}
	return err
}
