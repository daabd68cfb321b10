package db

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	freeConnTimeout  = 4 * time.Second // how long to wait while the database has no free connection
	freeConnInterval = 50 * time.Millisecond
)

// maxLost is how often a read is tried again because its connection died.
const maxLost = 3

// retries decides whether a read is tried again. The zero value with sessions set is for one read.
type retries struct {
	sessions *sessions
	lost     int       // connections that died
	began    time.Time // of waiting for a free connection
}

// again reports whether to try once more after an error. It waits where the database has no free connection.
// A read whose connection died is tried again, maxLost times: others may be dying at the same moment. The
// connection that it gets then is checked first.
func (r *retries) again(ctx context.Context, err error) bool {
	switch {
	case err == nil || errors.Is(err, pgx.ErrNoRows) || ctx.Err() != nil:
		return false
	case noFreeConn(err):
		return r.waitForConn(ctx)
	case connLost(err):
		r.sessions.lose()
		r.lost++
		return r.lost <= maxLost
	}
	return false
}

func (r *retries) waitForConn(ctx context.Context) bool {
	if r.began.IsZero() {
		r.began = time.Now()
	}
	if time.Since(r.began) > freeConnTimeout {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(freeConnInterval):
		return true
	}
}

// noFreeConn reports whether Postgres accepts no connection at the moment, but will: it has no free one, or
// it is starting up.
func noFreeConn(err error) bool {
	const tooManyConnections, cannotConnectNow = "53300", "57P03"
	code := sqlState(err)
	return code == tooManyConnections || code == cannotConnectNow
}

// connLost reports whether an error means that the connection is dead. Whether the statement took effect is
// not known then.
func connLost(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Severity == "FATAL" || refused.SeverityUnlocalized == "FATAL" || refused.SeverityUnlocalized == "PANIC"
	}
	var network *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) || pgconn.SafeToRetry(err)
}

// rolledBack reports whether a statement failed because of a concurrent one, and would succeed if run again.
func rolledBack(err error) bool {
	const serializationFailure, deadlock = "40001", "40P01"
	code := sqlState(err)
	return code == serializationFailure || code == deadlock
}

// sqlState returns the SQLSTATE of an error, "" if Postgres did not send it.
func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
