package embedded

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

const databaseName = "planoauth" // also the name of the superuser

func urlOn(port int, password string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(databaseName, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: databaseName, RawQuery: "sslmode=disable",
	}).String()
}

// query runs one statement. It insists on SCRAM, where the server also proves that it knows the password:
// another program on the port is not mistaken for this Postgres.
func query(ctx context.Context, url, database, statement string) error {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return err
	}
	config.Database, config.RequireAuth = database, "scram-sha-256"
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}
