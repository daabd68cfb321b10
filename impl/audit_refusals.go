package impl

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

const (
	refusalsAlone   = 10          // refusals of one kind in a minute that are events of their own
	refusalEvents   = 1000        // events of refusals of one operation in a minute
	refusalMinute   = time.Minute // in which refusals are counted
	refusalQuiet    = time.Second // without another refusal, after which a count is saved
	refusalInterval = 500 * time.Millisecond
	refusalTimeout  = 2 * time.Second // for one statement
	refusalsUnsaved = 10_000          // events that wait while the database does not answer
	refusalBatch    = 1000            // events that one statement saves
)

// refusals are the audit events of refused requests that are not saved yet. There is no transaction that they
// could be part of, so they are saved in batches. A flood is counted: each replica saves few events of it.
type refusals struct {
	db  *db.DB
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	minute  time.Time
	counted map[string]*refusedOperation // in this minute, by operation id
	unsaved []db.AuditEvent

	failing bool // whether the last statement failed, which is logged once; only run uses it
}

// refusedOperation counts the refusals of an operation in the current minute.
type refusedOperation struct {
	events int // that the refusals have become, without rest
	kinds  map[refusalKind]*refusalCount
	rest   refusalCount // stands for all that would be more than refusalEvents
}

// refusalKind is what refusals must have in common to be counted together.
type refusalKind struct {
	status, network string
	subject         int64
}

// refusalCount becomes one event, whose count is 0 while there is nothing to save.
type refusalCount struct {
	alone int // refusals that became events of their own
	event db.AuditEvent
	last  time.Time // when the last one was counted
	saved bool      // whether a first count was saved in this minute; the next is saved when the minute is over
}

func newRefusals(d *db.DB, log *slog.Logger, now func() time.Time) *refusals {
	return &refusals{db: d, log: log, now: now, counted: map[string]*refusedOperation{}}
}

// add records a refusal from a network.
func (r *refusals) add(event db.AuditEvent, network string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.turn(now)
	op := r.counted[event.Operation]
	if op == nil {
		op = &refusedOperation{kinds: map[refusalKind]*refusalCount{}}
		r.counted[event.Operation] = op
	}
	kind := refusalKind{event.Status, network, event.SubjectID}
	count := op.kinds[kind]
	full := op.events >= refusalEvents || len(r.unsaved) >= refusalsUnsaved
	switch {
	case count != nil && count.event.Count > 0:
		count.add(event, now)
	case full:
		op.rest.add(event, now)
		op.rest.blur(event)
	case count != nil && count.alone >= refusalsAlone:
		op.events++
		count.add(event, now)
	default:
		if count == nil {
			count = &refusalCount{}
			op.kinds[kind] = count
		}
		count.alone++
		op.events++
		r.unsaved = append(r.unsaved, event)
	}
}

// add counts a refusal. The first one describes the event.
func (c *refusalCount) add(event db.AuditEvent, now time.Time) {
	if c.event.Count == 0 {
		c.event = event
		c.event.Count = 0
	}
	c.event.Count++
	c.last = now
}

// blur removes from the event what its refusals do not have in common.
func (c *refusalCount) blur(event db.AuditEvent) {
	if c.event.Status != event.Status {
		c.event.Status = ""
	}
	c.event.ActorID, c.event.SubjectID, c.event.ActorApplication, c.event.Application = 0, 0, "", ""
	c.event.RequestID, c.event.IP, c.event.UserAgent = "", "", ""
}

// turn begins another minute if it is time. What was counted is ready to be saved then.
func (r *refusals) turn(now time.Time) {
	if minute := now.Truncate(refusalMinute); !minute.Equal(r.minute) {
		r.finish(func(*refusalCount) bool { return true })
		clear(r.counted)
		r.minute = minute
	}
}

// finish makes the counts that are due ready to be saved.
func (r *refusals) finish(due func(*refusalCount) bool) {
	for _, op := range r.counted {
		take := func(c *refusalCount) {
			if c.event.Count > 0 && due(c) {
				r.unsaved = append(r.unsaved, c.event)
				c.event, c.saved = db.AuditEvent{}, true
			}
		}
		take(&op.rest)
		for _, count := range op.kinds {
			take(count)
		}
	}
}

// run saves events until ctx ends, and then what is left.
func (r *refusals) run(ctx context.Context) {
	background.Every(ctx, refusalInterval, nil, func(ctx context.Context) {
		r.save(ctx, func(c *refusalCount) bool { return !c.saved && r.now().Sub(c.last) >= refusalQuiet })
	})
	r.save(ctx, func(*refusalCount) bool { return true })
}

// save saves what is ready, and the counts that are due. It is not interrupted when ctx ends.
func (r *refusals) save(ctx context.Context, due func(*refusalCount) bool) {
	r.mu.Lock()
	r.turn(r.now())
	r.finish(due)
	events := r.unsaved
	r.unsaved = nil
	r.mu.Unlock()
	for batch := range slices.Chunk(events, refusalBatch) {
		err := r.saveBatch(ctx, batch)
		if err != nil && !r.failing {
			r.log.Warn("saving audit events of refusals failed, trying again", "events", len(events), "cause", err.Error())
		}
		if r.failing = err != nil; r.failing {
			r.mu.Lock()
			r.unsaved = append(events, r.unsaved...)
			r.mu.Unlock()
			return
		}
		events = events[len(batch):]
	}
}

func (r *refusals) saveBatch(ctx context.Context, events []db.AuditEvent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTimeout)
	defer cancel()
	return r.db.AddRefusals(ctx, events)
}
