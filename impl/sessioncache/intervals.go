package sessioncache

import "time"

// TouchInterval is the minimum time between two updates of the last_used_at of a session.
const TouchInterval = time.Minute

// longPause is the time without a use after which the next use is written at once.
const longPause = time.Hour

// Intervals are the clocks of a Cache.
type Intervals struct {
	Flush            time.Duration // between two writes of the pending last-used updates
	Heartbeat        time.Duration // between two heartbeats
	HeartbeatTimeout time.Duration // without a heartbeat, until a connection counts as lost
	Reconnect        time.Duration // before a lost connection is opened again
	Unconfirmed      time.Duration // maximum age of an entry that no heartbeat has confirmed
	MaxAge           time.Duration // maximum age of any entry
}

var defaultIntervals = Intervals{
	Flush:            time.Second,
	Heartbeat:        250 * time.Millisecond,
	HeartbeatTimeout: 5 * time.Second,
	Reconnect:        500 * time.Millisecond,
	Unconfirmed:      time.Second,
	MaxAge:           time.Minute,
}
