package impl

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// heartbeatPause is how often the channel of changes is tried, by a notification to oneself. Postgres tells notifications in the
	// order of their commits: when one's own comes back, all changes that were committed before it was sent have come too.
	heartbeatPause = 250 * time.Millisecond
	// heartbeatLimit is how long one may be under way before the connection counts as lost.
	heartbeatLimit = 5 * time.Second
	// changesPause is the pause before a lost connection is made anew.
	changesPause = 500 * time.Millisecond
)

// followChanges hears, until ctx ends, of what changes in the tables of which this replica keeps copies.
func (s *Server) followChanges(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.hearChanges(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("following the changes was interrupted", "cause", err.Error())
			select {
			case <-ctx.Done():
			case <-time.After(changesPause):
			}
		}
	}
}

func (s *Server) hearChanges(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.DB.Pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	own := "planoauth_heartbeat_" + strings.ToLower(rand.Text())
	for _, channel := range []string{"planoauth_registry", "planoauth_users", own} {
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return err
		}
	}
	s.sessions.forgetAll() // what has changed until now was not heard
	s.registry.hasChanged()
	beat := heartbeat{conn: conn, channel: own}
	for {
		wait, err := beat.send(ctx, s.Now())
		if err != nil {
			return err
		}
		heard, err := hear(ctx, conn, wait)
		switch {
		case err != nil:
			return err
		case heard == nil:
		case heard.Channel == own:
			s.sessions.trust(beat.came())
		case heard.Channel == "planoauth_registry":
			s.registry.hasChanged()
		default:
			s.forgetUsers(heard.Payload)
		}
	}
}

// heartbeat tries a connection by notifications to oneself, one at a time.
type heartbeat struct {
	conn    *pgx.Conn
	channel string
	sent    time.Time // of the one that is under way, else zero
	due     time.Time // when the next one is to be sent
}

// send sends one if it is due, and says how long the next one has time.
func (h *heartbeat) send(ctx context.Context, now time.Time) (wait time.Duration, _ error) {
	if wait := h.due.Sub(now); wait > 0 {
		return wait, nil
	}
	h.due = now.Add(heartbeatPause)
	if !h.sent.IsZero() {
		if now.Sub(h.sent) > heartbeatLimit {
			return 0, errors.New("the heartbeat does not come back")
		}
		return heartbeatPause, nil
	}
	h.sent = now
	ctx, cancel := context.WithTimeout(ctx, heartbeatLimit)
	defer cancel()
	_, err := h.conn.Exec(ctx, "NOTIFY "+h.channel)
	return heartbeatPause, err
}

// came notes that the one under way has come back, and says when it was sent.
func (h *heartbeat) came() (sent time.Time) {
	sent, h.sent = h.sent, time.Time{}
	return sent
}

// hear waits for a notification. It is nil when none comes in time.
func hear(ctx context.Context, conn *pgx.Conn, wait time.Duration) (*pgconn.Notification, error) {
	inTime, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	heard, err := conn.WaitForNotification(inTime)
	if err != nil && inTime.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return heard, err
}

// forgetUsers reads the payload of planoauth_users: ids with commas between them, or "*" for everybody.
func (s *Server) forgetUsers(payload string) {
	for text := range strings.SplitSeq(payload, ",") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			s.sessions.forgetAll()
			return
		}
		s.sessions.forget(id)
	}
}
