package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// listen listens on a free port of this machine.
func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.(*net.TCPListener)
}

// dial opens a connection with a request on it.
func dial(t *testing.T, listener net.Listener, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute)) // which only a failing test needs
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	return conn
}

func expectAnswer(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s is not answered: %v", what, err)
	}
	io.Copy(io.Discard, res.Body)
}

// TestAcceptQueue: connections that wait when the listener is stopped are served.
func TestAcceptQueue(t *testing.T) {
	t.Parallel()
	listener := stoppableListener{listen(t)}
	var waiting []net.Conn
	for range 40 {
		waiting = append(waiting, dial(t, listener, "/"))
	}
	server := newHTTPServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	listener.stop()
	if err := server.Serve(listener); err != errQueueServed {
		t.Errorf("Serve ends with %v", err)
	}
	stopped := make(chan error)
	go func() { stopped <- server.Shutdown(t.Context()) }()
	for _, conn := range waiting {
		expectAnswer(t, "a connection of the accept queue", conn)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestLimitConnections: beyond the limit a connection takes the place of an idle one, and otherwise waits.
func TestLimitConnections(t *testing.T) {
	t.Parallel()
	arrived, end := make(chan struct{}, 3), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		if r.URL.Path == "/slow" {
			<-end
		}
	})}
	limitConnections(server, 2)
	listener := listen(t)
	go server.Serve(listener)
	defer server.Close()
	for range 5 {
		idle := dial(t, listener, "/")
		<-arrived
		expectAnswer(t, "a connection beyond the limit, while others are idle,", idle)
	}
	for range 2 {
		dial(t, listener, "/slow")
		<-arrived
	}
	third := dial(t, listener, "/")
	select {
	case <-arrived:
		t.Error("three requests are under way on two connections")
	case <-time.After(250 * time.Millisecond):
	}
	close(end)
	<-arrived
	expectAnswer(t, "a connection that had to wait", third)
}
