package impl

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"

	"github.com/planoauth/planoauth/db"
)

const (
	readyTimeout = 1500 * time.Millisecond // of the statements behind /health/ready
	// readyFor is how long an answer of /health/ready is given again, so that nobody can keep the database busy
	// with it.
	readyFor = 250 * time.Millisecond
)

// readiness is the last answer of /health/ready.
type readiness struct {
	asking singleflight.Group
	last   atomic.Pointer[readyAnswer]
}

type readyAnswer struct {
	reason string // why the server is not ready, "" if it is
	at     time.Time
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
	if last := s.readiness.last.Load(); last != nil && time.Since(last.at) < readyFor {
		return last.reason
	}
	reason, _, _ := s.readiness.asking.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		answer := &readyAnswer{reason: s.checkReady(ctx)}
		answer.at = time.Now()
		s.readiness.last.Store(answer)
		return answer.reason, nil
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
	if !s.deployed(ctx) {
		return "nothing is deployed: run `planoauth deploy`"
	}
	return ""
}

// deployed reports whether any route answers, by the registry's copy and, if that has none, by the database.
func (s *Server) deployed(ctx context.Context) bool {
	if newest := s.registry.newest.Load(); newest != nil && newest.deployed() {
		return true
	}
	newest, err := s.registry.read(ctx)
	return err == nil && newest.deployed()
}

func (r *registry) deployed() bool {
	for _, deployed := range r.services {
		if deployed {
			return len(r.routes) > 0
		}
	}
	return false
}
