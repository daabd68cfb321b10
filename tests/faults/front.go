package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	frontHeader = "X-Front" // of the proxy's own answers
	healthPause = 100 * time.Millisecond
)

// front is a proxy before some replicas. It asks each for its health, and passes requests to the healthy
// ones in turn. It repeats none.
type front struct {
	*httptest.Server
	replicas []*replica
	next     atomic.Int64
	cancel   context.CancelFunc
}

type replica struct {
	*server
	proxy   *httputil.ReverseProxy
	healthy atomic.Bool
}

func newFront(ctx context.Context, servers []*server) *front {
	ctx, cancel := context.WithCancel(ctx)
	f := &front{cancel: cancel}
	for _, s := range servers {
		target, err := url.Parse(s.url)
		check(err)
		r := &replica{server: s, proxy: httputil.NewSingleHostReverseProxy(target)}
		r.proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
		r.proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) { unanswered(w, err.Error()) }
		f.replicas = append(f.replicas, r)
		go r.watch(ctx)
	}
	f.Server = httptest.NewServer(f)
	return f
}

// watch takes a replica for unhealthy as soon as one check fails.
func (r *replica) watch(ctx context.Context) {
	for ctx.Err() == nil {
		r.healthy.Store(r.ready(ctx))
		time.Sleep(healthPause)
	}
}

func unanswered(w http.ResponseWriter, why string) {
	w.Header().Set(frontHeader, why)
	w.WriteHeader(http.StatusBadGateway)
}

// ServeHTTP passes a request on.
func (f *front) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	for range f.replicas {
		if r := f.replicas[f.next.Add(1)%int64(len(f.replicas))]; r.healthy.Load() {
			r.proxy.ServeHTTP(w, req)
			return
		}
	}
	unanswered(w, "no replica is healthy")
}

// close may be called once all requests are answered.
func (f *front) close() {
	f.cancel()
	f.Server.Close()
}
