package db

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The channels on which triggers notify all replicas of a change.
const (
	// RegistryChannel is notified when the services, routes, applications or their tokens have changed.
	RegistryChannel = "planoauth_registry"
	// UsersChannel is notified when a session check of some users may have another outcome. The payload is
	// the users' ids, separated by commas, or "*" for all users.
	UsersChannel = "planoauth_users"
)

// ErrNoNotifications is returned by Listen behind a pooler that does not pass notifications on.
var ErrNoNotifications = errors.New("the pooler shares backends between connections, so that they receive no notifications")

// Listen opens a connection of its own that receives the notifications of channels. The caller closes it.
func (d *DB) Listen(ctx context.Context, channels ...string) (*pgx.Conn, error) {
	if shared, err := d.SharesBackends(ctx); err != nil {
		return nil, err
	} else if shared {
		return nil, ErrNoNotifications
	}
	config := d.Pool.Config().ConnConfig
	if err := d.sessions.withoutCancel(ctx, config); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	// One message for all channels: a pooler may send each message to another server connection.
	if _, err := conn.PgConn().Exec(ctx, "LISTEN "+strings.Join(channels, "; LISTEN ")).ReadAll(); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// Notify sends a notification through the pool.
func (d *DB) Notify(ctx context.Context, channel, payload string) error {
	_, err := d.Pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload)
	return err
}

// sharingChecks is how often SharesBackends looks: other clients may get the backend in question.
const sharingChecks = 5

// SharesBackends reports whether a pooler runs the transactions of several connections on one backend. LISTEN
// must not be used then: the backend would go on listening for whoever uses it next, and PgBouncer 1.18 ends
// when a notification comes at a wrong moment.
func (d *DB) SharesBackends(ctx context.Context) (bool, error) {
	first, err := d.Pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer first.Release()
	if !d.sessions.pooled.Load() {
		return false, nil
	}
	if d.Pool.Config().MaxConns < 2 {
		return true, nil // not known
	}
	second, err := d.Pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer second.Release()
	for range sharingChecks {
		var one, other int
		if err := first.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&one); err != nil {
			return false, err
		}
		if err := second.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&other); err != nil {
			return false, err
		}
		if one == other {
			return true, nil
		}
	}
	return false, nil
}
