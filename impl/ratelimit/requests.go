package ratelimit

import (
	"slices"
	"time"

	"github.com/planoauth/planoauth/db"
)

const (
	window     = time.Minute
	slotLength = 5 * time.Second
)

// requests are those of one network in the last minute, by slots of five seconds. A slot counts until its last
// request is a minute old, so there are never more requests in any minute than the limit.
type requests struct{ slots []slot }

type slot struct {
	start  time.Time
	last   time.Time // the last request, or a later time if another replica may have had one
	synced int       // requests to all replicas, as of the last exchange
	own    int       // requests to this replica that are not in synced
}

func (s *slot) total() int { return s.synced + s.own }

// wait returns how long it takes until there are fewer requests than the limit. It drops slots that are over.
// One that is far in the future is from before the clock was set back.
func (r *requests) wait(limit int, now time.Time) time.Duration {
	r.slots = slices.DeleteFunc(r.slots, func(s slot) bool {
		return !s.last.After(now.Add(-window)) || s.start.After(now.Add(window))
	})
	total := r.total()
	for i := range r.slots {
		if total < limit {
			break
		}
		if total -= r.slots[i].total(); total < limit {
			return r.slots[i].last.Add(window).Sub(now)
		}
	}
	return 0
}

// add counts a request.
func (r *requests) add(now time.Time) {
	s := r.at(now)
	s.own++
	if now.After(s.last) {
		s.last = now
	}
}

// at returns the slot of a time.
func (r *requests) at(t time.Time) *slot {
	start := t.Truncate(slotLength)
	i, found := slices.BinarySearchFunc(r.slots, start, func(s slot, start time.Time) int { return s.start.Compare(start) })
	if !found {
		r.slots = slices.Insert(r.slots, i, slot{start: start, last: t})
	}
	return &r.slots[i]
}

// merge takes over the total of all replicas in a slot, which includes what this replica has added.
func (r *requests) merge(total db.AddressRequests, now time.Time) {
	s := r.at(total.Slot)
	if total.Requests > s.total() { // another replica had requests, at any time in the slot
		s.last = later(s.last, earlier(total.Slot.Add(slotLength), now))
	}
	s.synced = total.Requests
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// total returns all requests, those that are over included.
func (r *requests) total() (n int) {
	for i := range r.slots {
		n += r.slots[i].total()
	}
	return n
}
