package db

import (
	"context"
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

// Listen opens a connection of its own that receives the notifications of channels. The caller closes it.
func (d *DB) Listen(ctx context.Context, channels ...string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, d.Pool.Config().ConnConfig)
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
