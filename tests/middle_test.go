package tests

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// passage is what a middle lets pass from Postgres to a replica.
type passage string

const (
	whole  passage = "whole"
	frozen passage = "frozen" // nothing on connections that listen for notifications, as when a network drops packets
	pooled passage = "pooled" // no notification but in the answer to a statement, as with a pooler whose clients have connections in turns
)

// middle stands between a replica and Postgres.
type middle struct {
	listener net.Listener
	passes   atomic.Value // passage
	kept     atomic.Int64 // messages that were held back or left out
	answered atomic.Int64 // requests of replicas that Postgres has done with
}

func startMiddle(t testing.TB, target string) *middle {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	m := &middle{listener: listener}
	m.passes.Store(whole)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			replica, err := listener.Accept()
			if err != nil {
				return
			}
			postgres, err := net.Dial("tcp", target)
			if err != nil {
				replica.Close()
				continue
			}
			c := &connection{middle: m, replica: replica, postgres: postgres}
			go c.ask()
			go c.answer()
		}
	}()
	return m
}

// through is the URL of a database by way of the middle.
func (m *middle) through(t testing.TB, database string) string {
	t.Helper()
	direct, via := cluster.Host+":"+cluster.Port, m.listener.Addr().String()
	if !strings.Contains(database, direct) {
		t.Fatalf("the URL has another address than %s", direct)
	}
	return strings.Replace(database, direct, via, 1)
}

// connection is one of a replica, and the one to Postgres that belongs to it.
type connection struct {
	*middle
	replica, postgres net.Conn
	listens           atomic.Bool
	waits             atomic.Bool // for the answer to a statement
}

// ask hands on what the replica sends.
func (c *connection) ask() {
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
		if _, err := c.postgres.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answer hands on what Postgres sends, message by message: a type, and the length of itself and what follows.
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
		if c.listens.Load() && c.passes.Load() == frozen {
			c.kept.Add(1)
			for c.passes.Load() == frozen {
				time.Sleep(5 * time.Millisecond)
			}
		}
		const notification, ready = 'A', 'Z'
		if message[0] == notification && !c.waits.Load() && c.passes.Load() == pooled {
			c.kept.Add(1)
			continue
		}
		if message[0] == ready {
			c.waits.Store(false)
			c.answered.Add(1)
		}
		if _, err := c.replica.Write(message); err != nil {
			return
		}
	}
}
