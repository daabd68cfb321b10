package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/planoauth/planoauth/impl"
)

const (
	readTimeout       = 30 * time.Second // for a whole request
	readHeaderTimeout = 10 * time.Second
	writeTimeout      = 90 * time.Second // from the end of the header to the end of the answer
	idleTimeout       = 2 * time.Minute

	// maxHeader is the largest header, in bytes, less what net/http reads beyond its limit.
	maxHeader      = 32<<10 - 4<<10
	maxConnections = 4096

	stopTimeout     = 15 * time.Second // from the end of the drain to the end of the process
	shutdownTimeout = 13 * time.Second // of that, for requests and mails under way
	queueTimeout    = 100 * time.Millisecond
)

func newHTTPServer(handler http.Handler) *http.Server {
	server := &http.Server{
		Handler: handler, MaxHeaderBytes: maxHeader,
		ReadTimeout: readTimeout, ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	}
	limitConnections(server, maxConnections)
	return server
}

// limitConnections limits the open connections. At the limit, a new one takes the place of those that are
// idle, or waits.
func limitConnections(server *http.Server, limit int) {
	slots := make(chan struct{}, limit)
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew: // called before the next connection is accepted
			for {
				select {
				case slots <- struct{}{}:
					return
				default:
				}
				server.SetKeepAlivesEnabled(false) // closes the idle ones
				server.SetKeepAlivesEnabled(true)
				select {
				case slots <- struct{}{}:
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		case http.StateClosed, http.StateHijacked:
			<-slots
		default:
		}
	}
}

// errQueueServed ends Serve when the listener was asked to stop.
var errQueueServed = errors.New("no connection waits any longer")

// stoppableListener can be stopped without losing the connections that wait in the accept queue: closing it
// would reset them.
type stoppableListener struct{ *net.TCPListener }

// Accept accepts the next connection. Its error after stop is not a temporary one.
func (l stoppableListener) Accept() (net.Conn, error) {
	conn, err := l.TCPListener.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errQueueServed
	}
	return conn, err
}

// stop accepts what waits, and then nothing more.
func (l stoppableListener) stop() { l.SetDeadline(time.Now().Add(queueTimeout)) }

// serveUntilDone serves until ctx ends, and then for as long as drain. After that it finishes the requests
// that have arrived, and the mails that are being sent.
func serveUntilDone(ctx context.Context, listener net.Listener, s *impl.Server, drain time.Duration) error {
	stoppable := stoppableListener{listener.(*net.TCPListener)}
	server := newHTTPServer(s.Handler())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(stoppable) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.Drain()
	s.Log.Info("stopping", "drain", drain.String())
	time.Sleep(drain)
	stoppable.stop()
	select {
	case <-ended:
	case <-time.After(2 * queueTimeout):
	}
	shutdown, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		s.Log.Warn("requests were broken off", "cause", err.Error())
		server.Close()
	}
	s.Finish(shutdown)
	return nil
}

// serveMetrics serves in the background until stop is called; a nil listener serves nothing.
func serveMetrics(listener net.Listener, handler http.Handler) (stop func()) {
	if listener == nil {
		return func() {}
	}
	server := newHTTPServer(handler)
	go server.Serve(listener)
	return func() { server.Close() }
}
