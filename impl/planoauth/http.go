package main

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	readTimeout       = 30 * time.Second // for a whole request
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 15 * time.Second // for the requests that are being answered
)

func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadTimeout: readTimeout, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
}

// serveUntilDone serves until ctx ends, then finishes the requests that have arrived.
func serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := newHTTPServer(handler)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	shutdown, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return server.Shutdown(shutdown)
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
