package main

import (
	"fmt"
	"sync"
	"time"
)

// grace is how long after a fault the service may take to be back.
const grace = 5 * time.Second

// row is what one fault has shown.
type row struct {
	Fault        string    `json:"fault"`
	Load         float64   `json:"load"` // requests a second
	Requests     int       `json:"requests"`
	Acknowledged int       `json:"acknowledged"` // writes
	Failed       int       `json:"failed"`       // requests that were not done, whether or not they may fail
	Lost         int       `json:"lost"`
	Doubled      int       `json:"doubled"`
	Undocumented int       `json:"undocumented"`
	Broken       int       `json:"broken"`   // other promises
	Outage       float64   `json:"outage"`   // the longest time without an acknowledged write, in seconds
	Recovery     float64   `json:"recovery"` // from the end of the fault until a write was acknowledged; -1 if it never was
	Skipped      string    `json:"skipped,omitempty"`
	Notes        []finding `json:"notes,omitempty"`

	mu      sync.Mutex
	slowest time.Duration // of all requests
	windows []window      // when requests may fail
	acked   time.Time     // the end of the last acknowledged write
	mended  time.Time     // whose recovery is not known yet; zero if none
}

// window is a time in which a fault lasts. Its end is zero until it is mended.
type window struct{ from, to time.Time }

// finding is what was found so many times.
type finding struct {
	What  string `json:"what"`
	Times int    `json:"times"`
}

const mostNotes = 20 // of a row

func (r *row) say(format string, values ...any) {
	what := fmt.Sprintf(format, values...)
	for i := range r.Notes {
		if r.Notes[i].What == what {
			r.Notes[i].Times++
			return
		}
	}
	if len(r.Notes) < mostNotes {
		r.Notes = append(r.Notes, finding{what, 1})
	}
}

// lost, doubled and broken count, and say what was found.
func (r *row) lost(format string, values ...any) { r.found(&r.Lost, "lost: ", format, values...) }
func (r *row) doubled(format string, values ...any) {
	r.found(&r.Doubled, "doubled: ", format, values...)
}
func (r *row) broken(format string, values ...any) { r.found(&r.Broken, "broken: ", format, values...) }

func (r *row) found(count *int, what, format string, values ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*count++
	r.say(what+format, values...)
}

// breaks begins the time in which requests may fail.
func (r *row) breaks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.windows = append(r.windows, window{from: time.Now()})
}

// mends ends it. Service must be back within grace.
func (r *row) mends() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mended = time.Now()
	r.windows[len(r.windows)-1].to = r.mended
}

// during breaks, calls do, and mends.
func (r *row) during(do func()) {
	r.breaks()
	do()
	r.mends()
}

// mayFail reports whether a request from began to ended meets a fault, or began within the grace after one.
func (r *row) mayFail(began, ended time.Time) bool {
	for _, w := range r.windows {
		if ended.After(w.from) && (w.to.IsZero() || began.Before(w.to.Add(grace))) {
			return true
		}
	}
	return false
}

// acknowledge counts an acknowledged write.
func (r *row) acknowledge(began, ended time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Acknowledged++
	r.gap(ended)
	if !r.mended.IsZero() && began.After(r.mended) {
		r.Recovery = max(r.Recovery, ended.Sub(r.mended).Seconds())
		r.mended = time.Time{}
	}
}

// gap takes the time since the last acknowledged write for an outage, if it is the longest.
func (r *row) gap(now time.Time) {
	if !r.acked.IsZero() {
		r.Outage = max(r.Outage, now.Sub(r.acked).Seconds())
	}
	r.acked = now
}

// closes ends the load's part of the row.
func (r *row) closes(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gap(time.Now())
	r.Load = float64(r.Requests) / took.Seconds()
	if !r.mended.IsZero() {
		r.Recovery = -1
		r.Broken++
		r.say("broken: no write was acknowledged after the fault")
	}
}

func (r *row) wrong() int { return r.Lost + r.Doubled + r.Undocumented + r.Broken }
