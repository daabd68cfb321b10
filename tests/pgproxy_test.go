package tests

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pgProxyMode says which messages from Postgres a proxy forwards.
type pgProxyMode string

const (
	whole  pgProxyMode = "whole"
	frozen pgProxyMode = "frozen" // nothing on connections that listen for notifications, as when a network drops packets
	pooled pgProxyMode = "pooled" // no notification but in the answer to a statement, as with a pooler whose clients have connections in turns
)

// Modes of the whole connection.
const (
	hung pgProxyMode = "hung" // nothing in either direction
	away pgProxyMode = "away" // connections are closed, and new ones too, as when no Postgres runs
)

// pgProxy is a proxy between a replica and Postgres.
type pgProxy struct {
	listener net.Listener
	mode     atomic.Value // pgProxyMode
	withheld atomic.Int64 // messages that were held back or dropped
	answered atomic.Int64 // ReadyForQuery messages, one for each round trip
	open     sync.Map     // of *connection
}

// be sets the mode.
func (m *pgProxy) be(mode pgProxyMode) {
	m.mode.Store(mode)
	if mode == away {
		m.open.Range(func(c, _ any) bool {
			c.(*connection).replica.Close()
			c.(*connection).postgres.Close()
			return true
		})
	}
}

// pass waits while nothing passes.
func (c *connection) pass() {
	for c.mode.Load() == hung {
		time.Sleep(5 * time.Millisecond)
	}
}

func startPGProxy(t testing.TB, target string) *pgProxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	m := &pgProxy{listener: listener}
	m.mode.Store(whole)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			replica, err := listener.Accept()
			if err != nil {
				return
			}
			postgres, err := net.Dial("tcp", target)
			if err == nil && m.mode.Load() == away {
				postgres.Close()
				err = net.ErrClosed
			}
			if err != nil {
				replica.Close()
				continue
			}
			c := &connection{pgProxy: m, replica: replica, postgres: postgres}
			m.open.Store(c, true)
			go c.ask()
			go c.answer()
		}
	}()
	return m
}

// through returns the URL of a database by way of the proxy.
func (m *pgProxy) through(t testing.TB, database string) string {
	t.Helper()
	direct, via := cluster.Host+":"+cluster.Port, m.listener.Addr().String()
	if !strings.Contains(database, direct) {
		t.Fatalf("the URL has another address than %s", direct)
	}
	return strings.Replace(database, direct, via, 1)
}

// connection is a connection of a replica, with its own connection to Postgres.
type connection struct {
	*pgProxy
	replica, postgres net.Conn
	listens           atomic.Bool
	waits             atomic.Bool // the replica waits for an answer
}

// ask forwards what the replica sends.
func (c *connection) ask() {
	defer c.open.Delete(c)
	defer c.postgres.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := c.replica.Read(buffer)
		if err != nil {
			return
		}
		c.waits.Store(true)
		if bytes.Contains(buffer[:n], []byte("LISTEN ")) {
			c.listens.Store(true)
		}
		c.pass()
		if _, err := c.postgres.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answer forwards what Postgres sends, message by message: a type, the length of itself and the payload, and
// the payload.
func (c *connection) answer() {
	defer c.replica.Close()
	for {
		message := make([]byte, 5)
		if _, err := io.ReadFull(c.postgres, message); err != nil {
			return
		}
		message = append(message, make([]byte, binary.BigEndian.Uint32(message[1:])-4)...)
		if _, err := io.ReadFull(c.postgres, message[5:]); err != nil {
			return
		}
		if c.listens.Load() && c.mode.Load() == frozen {
			c.withheld.Add(1)
			for c.mode.Load() == frozen {
				time.Sleep(5 * time.Millisecond)
			}
		}
		const notification, ready = 'A', 'Z'
		if message[0] == notification && !c.waits.Load() && c.mode.Load() == pooled {
			c.withheld.Add(1)
			continue
		}
		if message[0] == ready {
			c.waits.Store(false)
			c.answered.Add(1)
		}
		c.pass()
		if _, err := c.replica.Write(message); err != nil {
			return
		}
	}
}
