package impl

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"

	"github.com/planoauth/planoauth/db"
)

const (
	readyTimeout = 1500 * time.Millisecond // of the statements behind /health/ready
	// readyChecks is how often a second the database is asked, so that nobody can keep it busy with
	// /health/ready. Beyond that the last answer is given again.
	readyChecks = 10
)

// readiness is the state of /health/ready.
type readiness struct {
	asking singleflight.Group

	mu     sync.Mutex
	began  time.Time // of the current second
	checks int       // in it
	last   string    // the reason of the last check
}

// allowed reports whether the database may be asked once more, or else returns the last reason.
func (r *readiness) allowed() (reason string, allowed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.began) > time.Second {
		r.began, r.checks = time.Now(), 0
	}
	r.checks++
	return r.last, r.checks <= readyChecks
}

func (r *readiness) save(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = reason
}

// ready answers 200 if the server can answer requests, and otherwise 503 with the reason.
func (s *Server) ready(ec echo.Context) error {
	if reason := s.notReady(ec.Request().Context()); reason != "" {
		ec.Response().Header().Set("Retry-After", "1")
		return ec.String(http.StatusServiceUnavailable, "not ready: "+reason+"\n")
	}
	return ec.String(http.StatusOK, "ready\n")
}

// notReady returns why the server is not ready, "" if it is. Concurrent callers share one check.
func (s *Server) notReady(ctx context.Context) string {
	if s.draining.Load() {
		return "draining"
	}
	reason, _, _ := s.readiness.asking.Do("", func() (any, error) {
		reason, allowed := s.readiness.allowed()
		if allowed {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
			defer cancel()
			reason = s.checkReady(ctx)
			s.readiness.save(reason)
		}
		return reason, nil
	})
	return reason.(string)
}

func (s *Server) checkReady(ctx context.Context) string {
	err := db.CheckSchema(ctx, s.DB)
	if err == nil {
		err = s.DB.CheckWritable(ctx)
	}
	for _, known := range []error{db.ErrSchemaBehind, db.ErrSchemaNewer, db.ErrReadOnly, db.ErrDiskFull} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		s.Log.Warn("checking the database failed", "cause", err.Error())
		return "the database does not answer"
	}
	newest, err := s.registry.read(ctx)
	if err != nil {
		return "the registry cannot be read"
	}
	if !newest.deployed() {
		return "nothing is deployed: run `planoauth deploy`"
	}
	return ""
}

func (r *registry) deployed() bool {
	return slices.Contains(slices.Collect(maps.Values(r.services)), true) && len(r.routes) > 0
}
