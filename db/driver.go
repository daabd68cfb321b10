package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector opens the connections of database/sql, and so of bun. They are those of the pool.
type connector struct {
	driver.Connector
	sessions *sessions
}

// Connect waits for a connection of the pool, also where Postgres has no free one for the pool.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	for try := (retries{sessions: c.sessions}); ; {
		got, err := c.Connector.Connect(ctx)
		if err == nil {
			return conn{got.(*stdlib.Conn)}, nil
		}
		if !noFreeConn(err) || !try.again(ctx, err) {
			return nil, err
		}
	}
}

// conn is a connection under bun. database/sql runs a read or BEGIN again, on another connection, if its error
// is driver.ErrBadConn.
type conn struct{ *stdlib.Conn }

// deadConn is an error that lets database/sql try again.
type deadConn struct{ cause error }

// Error returns the text of the cause.
func (d deadConn) Error() string { return d.cause.Error() }

// Unwrap returns the cause.
func (d deadConn) Unwrap() error { return d.cause }

// Is makes the error one of driver.ErrBadConn.
func (deadConn) Is(target error) bool { return target == driver.ErrBadConn }

// maxRollbacks is how often a statement outside a transaction is tried that Postgres rolls back because of a
// concurrent one. It happens only where a pooler's connections are serializable by default.
const maxRollbacks = 10

// BeginTx begins a transaction, at READ COMMITTED unless the options name another level.
func (c conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if sql.IsolationLevel(options.Isolation) == sql.LevelDefault && sessionsOf(c.Conn.Conn()).pooled.Load() {
		options.Isolation = driver.IsolationLevel(sql.LevelReadCommitted)
	}
	tx, err := c.Conn.BeginTx(ctx, options)
	return tx, c.failed(ctx, err, true)
}

// QueryContext runs a statement that returns rows.
func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	alone, err := c.run(args, func(args []driver.NamedValue) (err error) {
		rows, err = c.Conn.QueryContext(ctx, query, args)
		return err
	})
	return rows, c.failed(ctx, err, alone && isRead(query))
}

// ExecContext runs a statement that returns no rows.
func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	_, err = c.run(args, func(args []driver.NamedValue) (err error) {
		result, err = c.Conn.ExecContext(ctx, query, args)
		return err
	})
	return result, c.failed(ctx, err, false)
}

// run runs a statement, and reports whether it is alone, outside a transaction. Then it runs again after a rollback
// because of a concurrent statement.
func (c conn) run(args []driver.NamedValue, do func(args []driver.NamedValue) error) (alone bool, err error) {
	pg := c.Conn.Conn().PgConn()
	if err := checkReported(pg); err != nil {
		return false, err
	}
	alone = pg.TxStatus() == 'I'
	args = c.withoutPreparing(args)
	for range maxRollbacks {
		if err = do(args); !alone || !rolledBack(err) {
			break
		}
	}
	return alone, err
}

// failed passes on the error of a statement. One that may be run again becomes a deadConn if its connection
// died.
func (c conn) failed(ctx context.Context, err error, repeatable bool) error {
	if err == nil || ctx.Err() != nil || !connLost(err) {
		return err
	}
	sessionsOf(c.Conn.Conn()).lose()
	if repeatable {
		return deadConn{err}
	}
	return err
}

// withoutPreparing removes the mode of a hot query from its arguments if it must not be prepared.
func (c conn) withoutPreparing(args []driver.NamedValue) []driver.NamedValue {
	isHot := len(args) > 0 && args[0].Value == pgx.QueryExecModeCacheStatement
	if !isHot || sessionsOf(c.Conn.Conn()).hot() == pgx.QueryExecModeCacheStatement {
		return args
	}
	return args[1:]
}

// isRead reports whether a statement is a SELECT, as bun and this package write them.
func isRead(query string) bool { return strings.HasPrefix(strings.TrimLeft(query, " \n\t"), "SELECT") }
