package db

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"
)

// deadAfter is the time without an acknowledgement after which a TCP connection counts as dead.
const deadAfter = 5 * time.Second

// dialer opens connections that notice a dead network while they wait for an answer (keep-alive probes) and
// while they send (the user timeout, on Linux).
var dialer = net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3},
	Control: func(network, _ string, raw syscall.RawConn) (err error) {
		if strings.HasPrefix(network, "tcp") {
			if failed := raw.Control(func(fd uintptr) { err = setUserTimeout(fd, deadAfter) }); failed != nil {
				return failed
			}
		}
		return err
	},
}

var errAway = errors.New("the database does not answer")

// guard keeps the network connections of a pool, so that it can end all of them: callers that wait for a database that
// hangs get an error at once.
type guard struct {
	mu   sync.Mutex
	open map[*guarded]struct{}
	away bool // no new connection is opened
}

type guarded struct {
	net.Conn
	guard *guard
}

// dial is a pgconn.DialFunc.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if g.isAway() {
		return nil, errAway
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.away {
		conn.Close()
		return nil, errAway
	}
	c := &guarded{conn, g}
	if g.open == nil {
		g.open = map[*guarded]struct{}{}
	}
	g.open[c] = struct{}{}
	return c, nil
}

// Close closes the connection.
func (c *guarded) Close() error {
	c.guard.mu.Lock()
	delete(c.guard.open, c)
	c.guard.mu.Unlock()
	return c.Conn.Close()
}

func (g *guard) isAway() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.away
}

// setAway says whether the database answers. If it does not, all connections end.
func (g *guard) setAway(away bool) {
	g.mu.Lock()
	g.away = away
	var open []*guarded
	if away {
		for c := range g.open {
			open = append(open, c)
		}
	}
	g.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}
