package impl

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	refusalsAlone   = 10          // refusals of one kind in a minute that get an event each
	refusalEvents   = 1000        // events of one operation in a minute
	refusalMinute   = time.Minute // in which refusals are counted
	refusalQuiet    = time.Second // without another refusal, after which a count is saved
	refusalInterval = 500 * time.Millisecond
	refusalTimeout  = 2 * time.Second // for one statement
	refusalsUnsaved = 10_000          // events that wait while the database does not answer
	refusalBatch    = 1000            // events that one statement saves
)

// refusals holds the audit events of refused requests until they are saved. They belong to no transaction, so they are
// saved in batches.
//
// A flood of refusals makes few events, on each replica and in each minute:
//   - The first 10 refusals of a kind get an event each. Others are counted: in an event that is saved when the flood
//     pauses, and in one more when the minute is over.
//   - Once an operation has 1000 events, or too many are unsaved, refusals for which there is no event yet are counted
//     together. The event of these has only the fields that are the same for all of them.
type refusals struct {
	db  *db.DB
	log *slog.Logger
	now func() time.Time

	mu         sync.Mutex
	minute     time.Time
	operations map[string]*refusedOperation // those with refusals in this minute, by their ids
	unsaved    []db.AuditEvent

	failing bool // whether the last statement failed, which is logged once; only run uses it
}

// refusedOperation counts the refusals of an operation in the current minute.
type refusedOperation struct {
	events int // without rest
	kinds  map[refusalKind]*refusalCount
	rest   refusalCount // of the refusals beyond refusalEvents
}

// refusalKind is what refusals must have in common to be counted in one event.
type refusalKind struct {
	status, network string
	subject         int64
}

// refusalCount counts refusals of one kind, or the rest of them.
type refusalCount struct {
	alone int           // refusals that got an event each
	event db.AuditEvent // counts the others that are not saved yet; its Count is 0 if there are none
	last  time.Time     // when the event last counted one
	saved bool          // whether an event was saved in this minute; the next one waits until the minute is over
}

func newRefusals(d *db.DB, log *slog.Logger, now func() time.Time) *refusals {
	return &refusals{db: d, log: log, now: now, operations: map[string]*refusedOperation{}}
}

// add records a refusal of a request from a network.
func (r *refusals) add(event db.AuditEvent, network string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.startMinute(now)
	op := r.operations[event.Operation]
	if op == nil {
		op = &refusedOperation{kinds: map[refusalKind]*refusalCount{}}
		r.operations[event.Operation] = op
	}
	kind := refusalKind{event.Status, network, event.SubjectID}
	count := op.kinds[kind]
	if count == nil {
		count = &refusalCount{}
	}
	switch {
	case count.event.Count > 0:
		count.add(event, now)
		return
	case op.events >= refusalEvents || len(r.unsaved) >= refusalsUnsaved:
		op.rest.add(event, now)
		op.rest.blur(event)
		return
	case count.alone < refusalsAlone:
		count.alone++
		r.unsaved = append(r.unsaved, event)
	default:
		count.add(event, now)
	}
	op.kinds[kind] = count
	op.events++
}

// add counts a refusal. The first one describes the event.
func (c *refusalCount) add(event db.AuditEvent, now time.Time) {
	if c.event.Count == 0 {
		c.event = event
	} else {
		c.event.Count++
	}
	c.last = now
}

// blur clears the fields that describe a single refusal, and the status if the refusals have different ones.
func (c *refusalCount) blur(event db.AuditEvent) {
	if c.event.Status != event.Status {
		c.event.Status = ""
	}
	c.event.ActorID, c.event.SubjectID, c.event.ActorApplication, c.event.Application = 0, 0, "", ""
	c.event.RequestID, c.event.IP, c.event.UserAgent = "", "", ""
}

// startMinute resets the counts when a minute is over. The events of its counts are ready to be saved then.
func (r *refusals) startMinute(now time.Time) {
	if minute := now.Truncate(refusalMinute); !minute.Equal(r.minute) {
		r.finish(now, true)
		clear(r.operations)
		r.minute = minute
	}
}

// finish makes the events of counts ready to be saved: of all counts, or of those that have not grown for a while. The
// latter happens once a minute for each count, since a flood that pauses again and again would make too many events.
func (r *refusals) finish(now time.Time, all bool) {
	finish := func(c *refusalCount) {
		quiet := !c.saved && now.Sub(c.last) >= refusalQuiet
		if c.event.Count > 0 && (all || quiet) {
			r.unsaved = append(r.unsaved, c.event)
			c.event, c.saved = db.AuditEvent{}, true
		}
	}
	for _, op := range r.operations {
		finish(&op.rest)
		for _, count := range op.kinds {
			finish(count)
		}
	}
}

// run saves events until ctx ends, and then those that are left.
func (r *refusals) run(ctx context.Context) {
	background.Every(ctx, refusalInterval, nil, func(ctx context.Context) { r.save(ctx, false) })
	r.save(ctx, true)
}

// save saves the events that are ready, once finish has added to them. It does not stop when ctx ends.
func (r *refusals) save(ctx context.Context, all bool) {
	events := r.take(all)
	for len(events) > 0 {
		batch := events[:min(len(events), refusalBatch)]
		if err := r.saveBatch(ctx, batch); err != nil {
			r.putBack(events, err)
			return
		}
		r.failing = false
		events = events[len(batch):]
	}
}

func (r *refusals) take(all bool) (events []db.AuditEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.startMinute(now)
	r.finish(now, all)
	events, r.unsaved = r.unsaved, nil
	return events
}

func (r *refusals) saveBatch(ctx context.Context, events []db.AuditEvent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTimeout)
	defer cancel()
	return r.db.AddRefusals(ctx, events)
}

// putBack keeps events for another attempt.
func (r *refusals) putBack(events []db.AuditEvent, cause error) {
	if !r.failing {
		r.log.Warn("saving audit events of refusals failed, trying again", "events", len(events), "cause", cause.Error())
	}
	r.failing = true
	r.mu.Lock()
	r.unsaved = append(events, r.unsaved...)
	r.mu.Unlock()
}
