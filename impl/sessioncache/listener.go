package sessioncache

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
)

var errNoHeartbeat = errors.New("no heartbeat arrived")

// listener passes the notifications of Postgres on to a cache.
type listener struct {
	cache  *Cache
	logged string // the last error logged; it is not logged again until a heartbeat has arrived
}

// listen opens a connection and receives notifications until that fails or ctx ends.
func (l *listener) listen(ctx context.Context) {
	err := l.receive(ctx)
	if ctx.Err() == nil && err.Error() != l.logged {
		l.logged = err.Error()
		l.cache.Log.Warn("listening for invalidations failed", "cause", l.logged)
	}
	if errors.Is(err, db.ErrNoNotifications) { // entries are served for Intervals.Unconfirmed
		select {
		case <-ctx.Done():
		case <-time.After(l.cache.Intervals.MaxAge):
		}
	}
}

// receive always returns an error: the reason why it stopped.
func (l *listener) receive(ctx context.Context) error {
	c := l.cache
	ctx, cancel := context.WithCancelCause(ctx)
	var heartbeats sync.WaitGroup
	defer heartbeats.Wait()
	defer cancel(nil)
	silence := time.AfterFunc(c.Intervals.HeartbeatTimeout, func() { cancel(errNoHeartbeat) })
	defer silence.Stop()
	own := "planoauth_heartbeat_" + strings.ToLower(rand.Text())
	conn, err := c.DB.Listen(ctx, db.RegistryChannel, db.UsersChannel, own)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	c.forgetAll() // earlier notifications were missed
	c.RegistryChanged()
	began := c.Now()
	heartbeats.Go(func() { l.sendHeartbeats(ctx, own, began) })
	for {
		n, err := conn.WaitForNotification(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if n.Channel != own {
			l.dispatch(n)
			continue
		}
		sent, err := time.ParseDuration(n.Payload)
		if err != nil {
			return err
		}
		c.confirm(began.Add(sent))
		silence.Reset(c.Intervals.HeartbeatTimeout)
		l.logged = ""
	}
}

// sendHeartbeats notifies the listener's own channel until ctx ends; the payload is the time since began.
// They are sent through the pool: behind a pooler, the listening connection may receive what it sends itself
// and nothing else. A heartbeat that cannot be sent needs no log line: the listener times out.
func (l *listener) sendHeartbeats(ctx context.Context, channel string, began time.Time) {
	background.Every(ctx, l.cache.Intervals.Heartbeat, nil, func(ctx context.Context) {
		l.cache.DB.Notify(ctx, channel, l.cache.Now().Sub(began).String())
	})
}

// dispatch handles a notification of a change.
func (l *listener) dispatch(n *pgconn.Notification) {
	if n.Channel == db.RegistryChannel {
		l.cache.RegistryChanged()
		return
	}
	for text := range strings.SplitSeq(n.Payload, ",") {
		user, err := strconv.ParseInt(text, 10, 64)
		if err != nil { // "*"
			l.cache.forgetAll()
			return
		}
		l.cache.Forget(user)
	}
}
