package ratelimit

import (
	"slices"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
)

var minute = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newTestAddresses allows 3 requests a minute; its clock is *now.
func newTestAddresses(now *time.Time) *Addresses {
	return NewAddresses(3, nil, nil, func() time.Time { return *now })
}

// fill counts requests until one is refused, and returns how many were not.
func (a *Addresses) fill(address string, now time.Time) (allowed int) {
	for a.Count(address, now) == 0 && allowed < 100 {
		allowed++
	}
	return allowed
}

func TestCount(t *testing.T) {
	t.Parallel()
	now := minute.Add(18 * time.Second)
	a := newTestAddresses(&now)
	if n := a.fill("203.0.113.7", now); n != 3 {
		t.Errorf("%d requests were allowed", n)
	}
	if wait := a.Count("203.0.113.7", now); wait != 42*time.Second {
		t.Errorf("the wait is %v", wait)
	}
	if n := a.fill("203.0.113.8", now); n != 3 {
		t.Errorf("%d requests from another address were allowed", n)
	}
	if n := a.fill("", now); n != 100 {
		t.Errorf("%d requests without an address were allowed", n)
	}
	if n := NewAddresses(0, nil, nil, nil).fill("203.0.113.7", now); n != 100 {
		t.Errorf("%d requests were allowed without a limit", n)
	}
}

func TestCountInAnotherMinute(t *testing.T) {
	t.Parallel()
	now := minute
	a := newTestAddresses(&now)
	a.fill("203.0.113.7", now)
	for _, row := range []struct {
		name    string
		after   time.Duration
		allowed int
	}{
		{"at the end of the minute", time.Minute - 1, 0},
		{"in the next minute", time.Minute, 3},
		{"of a slow request from the minute before", time.Minute - 1, 0},
		{"after the clock was set back", -time.Hour, 3},
	} {
		if n := a.fill("203.0.113.7", minute.Add(row.after)); n != row.allowed {
			t.Errorf("%s: %d requests were allowed", row.name, n)
		}
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	now := minute
	a := newTestAddresses(&now)
	a.Count("203.0.113.7", now)
	at, own := a.unsynced()
	if !at.Equal(minute) || !slices.Equal(own, []db.AddressRequests{{Address: "203.0.113.7", Requests: 1}}) {
		t.Fatalf("at %v there are %v to exchange", at, own)
	}
	a.Count("203.0.113.7", now) // during the exchange
	a.merge(at, own, []db.AddressRequests{{Address: "203.0.113.7", Requests: 2}})
	if n := a.fill("203.0.113.7", now); n != 0 {
		t.Errorf("%d requests were allowed after 2 here and 1 elsewhere", n)
	}
	if _, own := a.unsynced(); !slices.Equal(own, []db.AddressRequests{{Address: "203.0.113.7", Requests: 1}}) {
		t.Errorf("%v are left to exchange", own)
	}
	now = minute.Add(time.Minute)
	a.unsynced()
	a.merge(at, nil, []db.AddressRequests{{Address: "203.0.113.7", Requests: 3}})
	if n := a.fill("203.0.113.7", now); n != 3 {
		t.Errorf("%d requests were allowed after an exchange for the minute before", n)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7":      "203.0.113.7",
		"2001:db8:1:2::7":  "2001:db8:1:2::/64",
		"2001:db8:1:2:3::": "2001:db8:1:2::/64",
		"":                 "",
	} {
		if got := Network(address); got != want {
			t.Errorf("the network of %q is %q", address, got)
		}
	}
}
