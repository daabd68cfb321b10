package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// wire is a TCP proxy, which stands for the network between a server and its database.
type wire struct {
	address string
	target  atomic.Value // host:port
	delay   atomic.Int64 // of what passes, in nanoseconds

	listener net.Listener
	mu       sync.Mutex
	frozen   chan struct{} // closed at the thaw; nil while bytes pass
	cut      bool          // connections are refused
	open     map[*passage]bool
}

// passage is one connection and its other half.
type passage struct {
	client, server net.Conn
	dead           chan struct{} // closed at the end; nothing passes while lost
	lost           atomic.Bool   // bytes vanish for good, as when a firewall has forgotten the connection
}

func newWire(target string) *wire {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	w := &wire{address: listener.Addr().String(), listener: listener, open: map[*passage]bool{}}
	w.target.Store(target)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.connect(conn)
		}
	}()
	return w
}

func (w *wire) connect(client net.Conn) {
	w.thawed()
	w.mu.Lock()
	refused := w.cut
	w.mu.Unlock()
	if refused {
		client.(*net.TCPConn).SetLinger(0)
		client.Close()
		return
	}
	server, err := net.DialTimeout("tcp", w.target.Load().(string), 5*time.Second)
	if err != nil {
		client.Close()
		return
	}
	p := &passage{client: client, server: server, dead: make(chan struct{})}
	w.mu.Lock()
	w.open[p] = true
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { w.pass(p, client, server) })
	both.Go(func() { w.pass(p, server, client) })
	both.Wait()
	w.mu.Lock()
	delete(w.open, p)
	w.mu.Unlock()
}

// thawed waits while the wire is frozen.
func (w *wire) thawed() {
	for {
		w.mu.Lock()
		frozen := w.frozen
		w.mu.Unlock()
		if frozen == nil {
			return
		}
		<-frozen
	}
}

// pass forwards one direction. An end of one side is an end of both, but one that comes while nothing passes
// is not seen by the other side.
func (w *wire) pass(p *passage, from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if delay := w.delay.Load(); delay > 0 {
			time.Sleep(time.Duration(delay))
		}
		w.thawed()
		if p.lost.Load() {
			io.Copy(io.Discard, from)
			p.server.Close()
			return
		}
		if n > 0 {
			if _, writeErr := to.Write(buffer[:n]); writeErr != nil {
				err = writeErr
			}
		}
		if err != nil {
			p.client.Close()
			p.server.Close()
			return
		}
	}
}

// freeze stops all bytes until thaw: nothing is refused, nothing is closed.
func (w *wire) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frozen == nil {
		w.frozen = make(chan struct{})
	}
}

func (w *wire) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frozen != nil {
		close(w.frozen)
		w.frozen = nil
	}
}

// lose makes the open connections lose all bytes for good. New ones pass.
func (w *wire) lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p := range w.open {
		p.lost.Store(true)
		p.server.Close() // so that Postgres holds no lock for it
	}
}

// sever resets all connections and refuses new ones until mend.
func (w *wire) sever() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for p := range w.open {
		p.client.(*net.TCPConn).SetLinger(0)
		p.client.Close()
		p.server.Close()
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
}

func (w *wire) close() {
	w.thaw()
	w.listener.Close()
	w.sever()
}
