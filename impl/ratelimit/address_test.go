package ratelimit

import (
	"fmt"
	"runtime"
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
	for allowed < 100 && a.Count(address, now) == 0 {
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
	if wait := a.Count("203.0.113.7", now.Add(18*time.Second)); wait != 42*time.Second {
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
	if !a.Reached("203.0.113.7", now) || a.Reached("203.0.113.7", now.Add(time.Minute)) || a.Reached("203.0.113.9", now) {
		t.Error("the limit is reached where it is not, or the other way round")
	}
}

func TestCountLater(t *testing.T) {
	t.Parallel()
	now := minute
	a := newTestAddresses(&now)
	a.fill("203.0.113.7", now)
	for _, row := range []struct {
		name    string
		after   time.Duration
		allowed int
	}{
		{"almost a minute later", time.Minute - 1, 0},
		{"a minute later", time.Minute, 3},
		{"of a slow request from before that", time.Minute - 1, 0},
		{"after the clock was set back", -time.Hour, 3},
	} {
		if n := a.fill("203.0.113.7", minute.Add(row.after)); n != row.allowed {
			t.Errorf("%s: %d requests were allowed", row.name, n)
		}
	}
}

// TestAnyMinute sends requests in several patterns for five minutes. In no minute are more than 600 allowed, at
// whatever second it begins. Half as many are allowed at once, and no wait is longer than it must be.
func TestAnyMinute(t *testing.T) {
	t.Parallel()
	const limit = 600
	for _, row := range []struct {
		name  string
		burst int
		every time.Duration
		least int // allowed in all
	}{
		{"one at a time, without end", 1, 20 * time.Millisecond, 4 * limit},
		{"as many as are allowed in a minute", 1, 100 * time.Millisecond, 4 * limit},
		{"around the turn of the minute", 2 * limit, 59900 * time.Millisecond, 3 * limit},
		{"bursts of 300", limit / 2, 30 * time.Second, 9 * limit / 2},
		{"bursts of seconds", 100, 3 * time.Second, 4 * limit},
	} {
		a := NewAddresses(limit, nil, nil, nil)
		var allowed []time.Time
		for at := minute; at.Before(minute.Add(5 * time.Minute)); at = at.Add(row.every) {
			for range row.burst {
				if a.Count("203.0.113.7", at) == 0 {
					allowed = append(allowed, at)
				}
			}
		}
		if len(allowed) < row.least {
			t.Errorf("%s: %d requests were allowed", row.name, len(allowed))
		}
		for i := limit; i < len(allowed); i++ {
			if within := allowed[i].Sub(allowed[i-limit]); within < time.Minute {
				t.Fatalf("%s: more than %d requests were allowed within %v", row.name, limit, within)
			}
		}
	}
	a, now := NewAddresses(limit, nil, nil, nil), minute
	for range 5000 {
		wait := a.Count("203.0.113.7", now)
		if wait == 0 {
			now = now.Add(37 * time.Millisecond)
			continue
		}
		if wait > time.Minute {
			t.Fatalf("the wait is %v", wait)
		}
		if now = now.Add(wait); a.Count("203.0.113.7", now) != 0 {
			t.Fatal("the wait is too short")
		}
	}
}

// TestMillionAddresses: the memory is bounded, however many addresses send requests.
func TestMillionAddresses(t *testing.T) {
	now := minute
	a := newTestAddresses(&now)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 1_000_000 {
		a.Count(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff), now.Add(time.Duration(i)*time.Microsecond))
	}
	if used := int64(heap()) - int64(before); used > 64<<20 {
		t.Errorf("the addresses take %d MB", used>>20)
	}
	if n := a.networks.Len(); n != maxNetworks {
		t.Errorf("%d networks are counted", n)
	}
	if n := len(a.pending); n > maxPending {
		t.Errorf("%d networks wait for the exchange", n)
	}
	a.unsynced()
	for i := range 2 * exchangeMost {
		a.Count(fmt.Sprintf("198.18.%d.%d", i>>8, i&0xff), now)
	}
	a.fill("203.0.113.7", now)
	own := a.unsynced()
	if len(own) != exchangeMost || own[0].Requests != 3 {
		t.Errorf("%d counts are exchanged at once, of %d requests at most", len(own), own[0].Requests)
	}
	runtime.KeepAlive(a)
}

func TestExchange(t *testing.T) {
	t.Parallel()
	now := minute
	a := newTestAddresses(&now)
	a.Count("203.0.113.7", now)
	one := []db.AddressRequests{{Slot: minute, Address: "203.0.113.7", Requests: 1}}
	own := a.unsynced()
	if !slices.Equal(own, one) {
		t.Fatalf("there are %v to exchange", own)
	}
	a.Count("203.0.113.7", now) // during the exchange
	a.merge(own, []db.AddressRequests{{Slot: minute, Address: "203.0.113.7", Requests: 2}})
	if n := a.fill("203.0.113.7", now); n != 0 {
		t.Errorf("%d requests were allowed after 2 here and 1 elsewhere", n)
	}
	if own := a.unsynced(); !slices.Equal(own, one) {
		t.Errorf("%v are left to exchange", own)
	}
	a.retry(one)
	if own := a.unsynced(); !slices.Equal(own, one) {
		t.Errorf("after an exchange that failed %v are left", own)
	}
	if n := a.fill("203.0.113.7", minute.Add(time.Minute)); n != 3 {
		t.Errorf("%d requests were allowed a minute later", n)
	}
}

// TestExchangeOfEarlierSlots: requests to another replica count for a minute after the end of their slot, since
// it is not known when in the slot they came.
func TestExchangeOfEarlierSlots(t *testing.T) {
	t.Parallel()
	now := minute.Add(7 * time.Second)
	a := newTestAddresses(&now)
	a.merge(nil, []db.AddressRequests{{Slot: minute, Address: "203.0.113.7", Requests: 2}})
	for _, row := range []struct {
		after time.Duration
		want  int
	}{{8 * time.Second, 1}, {65*time.Second - 1, 0}, {65 * time.Second, 2}} {
		if n := a.fill("203.0.113.7", minute.Add(row.after)); n != row.want {
			t.Errorf("after %v %d requests are allowed, not %d", row.after, n, row.want)
		}
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
