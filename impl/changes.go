package impl

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// heartbeatPause is how often the channel of changes is tried, by a notification to oneself. Postgres tells notifications in the
	// order of their commits: when one's own comes, all changes that were committed before it was sent have come too.
	heartbeatPause = 250 * time.Millisecond
	// heartbeatLimit is how long none may come before the connection counts as lost.
	heartbeatLimit = 5 * time.Second
	// changesPause is the pause before a lost connection is made anew.
	changesPause = 500 * time.Millisecond
)

// followChanges hears, until ctx ends, of what changes in the tables of which this replica keeps copies. Where it cannot, which is
// logged once, the copies are read anew before they are a second old.
func (s *Server) followChanges(ctx context.Context) {
	logged := ""
	for ctx.Err() == nil {
		worked, err := s.hearChanges(ctx)
		if worked {
			logged = ""
		}
		if ctx.Err() == nil && err.Error() != logged {
			logged = err.Error()
			s.Log.Warn("changes are not heard of", "cause", logged)
		}
		select {
		case <-ctx.Done():
		case <-time.After(changesPause):
		}
	}
}

var errSilent = errors.New("the heartbeat does not come")

// hearChanges listens until that fails, and tells whether it has worked till then.
func (s *Server) hearChanges(ctx context.Context) (worked bool, _ error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(heartbeatLimit, func() { cancel(errSilent) })
	defer silence.Stop()
	own := "planoauth_heartbeat_" + strings.ToLower(rand.Text())
	conn, err := s.listen(ctx, "planoauth_registry", "planoauth_users", own)
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	s.sessions.forgetAll() // what has changed until now was not heard
	s.registry.hasChanged()
	began := s.Now()
	go s.sendHeartbeats(ctx, own, began)
	for {
		heard, err := conn.WaitForNotification(ctx)
		if ctx.Err() != nil {
			return worked, context.Cause(ctx)
		}
		if err != nil {
			return worked, err
		}
		switch heard.Channel {
		case own:
			sent, err := time.ParseDuration(heard.Payload)
			if err != nil {
				return worked, err
			}
			s.sessions.trust(began.Add(sent))
			silence.Reset(heartbeatLimit)
			worked = true
		case "planoauth_registry":
			s.registry.hasChanged()
		default:
			s.forgetUsers(heard.Payload)
		}
	}
}

// listen makes a connection of its own, which hears what is sent to these channels.
func (s *Server) listen(ctx context.Context, channels ...string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.DB.Pool.Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	// In one message, so that a pooler does not send each to another server.
	if _, err := conn.PgConn().Exec(ctx, "LISTEN "+strings.Join(channels, "; LISTEN ")).ReadAll(); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// sendHeartbeats sends notifications to oneself, each of which says how long after the first it was sent, until ctx ends. They go
// by the pool: behind a pooler, the connection that listens may hear what it sends itself, and nothing else. One that cannot be
// sent is missed by who listens.
func (s *Server) sendHeartbeats(ctx context.Context, channel string, began time.Time) {
	for ctx.Err() == nil {
		s.DB.Pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, s.Now().Sub(began).String())
		select {
		case <-ctx.Done():
		case <-time.After(heartbeatPause):
		}
	}
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
