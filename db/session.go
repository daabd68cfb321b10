package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// startupParams are the settings that every connection requests when it is opened. Postgres reports their
// values, so poolers give each client its own: PgBouncer sets them on whichever connection it uses.
var startupParams = map[string]string{
	"standard_conforming_strings": "on",
	"client_encoding":             "UTF8",
	"datestyle":                   "ISO, MDY",
	"timezone":                    "UTC",
}

// setUp sets what Postgres does not report, if the connection is direct: if the backend is the one that
// answered the connection. A pooler may use another backend for each transaction, so that it gets no such
// settings. No statement depends on them there: bytea is read in both forms (byteaCodec), transactions state
// their isolation level, and statements without a transaction are tried again when they were not serializable.
// Only array_nulls must be on.
const setUp = `
SELECT current_setting('array_nulls'), (SELECT count(set_config(name, setting, false)) FROM (VALUES
	('bytea_output', 'hex'),
	('intervalstyle', 'postgres'),
	('default_transaction_isolation', 'read committed'),
	('array_nulls', 'on'),
	('jit', 'off'), -- compiling takes longer than any statement here
	('random_page_cost', '1.1'), -- of an SSD: by the default, whole tables are read where some thousand rows are looked up
	('transform_null_equals', 'off')
) AS s (name, setting) WHERE pg_backend_pid() = $1)`

// setStartupParams overrides what DATABASE_URL says of startupParams. Names are compared without case.
func setStartupParams(params map[string]string) {
	for name := range params {
		if _, ours := startupParams[strings.ToLower(name)]; ours {
			delete(params, name)
		}
	}
	maps.Copy(params, startupParams)
}

// sessions is the state that the connections of a pool share.
type sessions struct {
	prepares bool // DATABASE_URL leaves it to us whether hot queries are prepared statements
	fallback pgx.QueryExecMode
	direct   atomic.Bool  // a connection without a pooler was opened
	pooled   atomic.Bool  // a connection through a pooler was opened
	lostAt   atomic.Int64 // when a connection was found dead, in nanoseconds since 1970; 0 for never
	guard    guard
	clock    clock
}

// newSessions makes every connection of a pool go through prepare.
func newSessions(config *pgxpool.Config) *sessions {
	s := &sessions{fallback: config.ConnConfig.DefaultQueryExecMode}
	s.prepares = config.ConnConfig.StatementCacheCapacity > 0 && !urlOptions(config.ConnString())["default_query_exec_mode"]
	config.BeforeConnect = s.withoutCancel
	config.AfterConnect = s.prepare
	config.ShouldPing = s.shouldPing
	config.ConnConfig.DialFunc = s.guard.dial
	return s
}

// sessionsKey is the key of *sessions in the custom data of each connection.
const sessionsKey = "planoauth"

func sessionsOf(conn *pgx.Conn) *sessions { return conn.PgConn().CustomData()[sessionsKey].(*sessions) }

// withoutCancel keeps a connection from sending requests to cancel a statement through a pooler: one that
// comes late cancels the statement of another client. PgBouncer ends the statement of a closed connection
// anyway.
func (s *sessions) withoutCancel(_ context.Context, config *pgx.ConnConfig) error {
	var connected atomic.Bool
	dial, validate := config.DialFunc, config.ValidateConnect
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if connected.Load() && s.pooled.Load() {
			return nil, errNoCancel
		}
		return dial(ctx, network, address)
	}
	config.ValidateConnect = func(ctx context.Context, pg *pgconn.PgConn) error {
		if validate != nil {
			if err := validate(ctx, pg); err != nil {
				return err
			}
		}
		connected.Store(true)
		return nil
	}
	return nil
}

var errNoCancel = errors.New("statements are not cancelled through a pooler")

// ErrEncoding is returned by every use of a database whose encoding is not UTF-8.
var ErrEncoding = errors.New("the encoding of the database is not UTF8")

// prepare configures a new connection, or refuses one that the code cannot rely on.
func (s *sessions) prepare(ctx context.Context, conn *pgx.Conn) error {
	pg := conn.PgConn()
	if encoding := pg.ParameterStatus("server_encoding"); encoding != "UTF8" {
		return fmt.Errorf("%w but %s: create one with ENCODING 'UTF8' TEMPLATE template0", ErrEncoding, encoding)
	}
	if err := checkReported(pg); err != nil {
		return err
	}
	pg.CustomData()[sessionsKey] = s
	var arrayNulls string
	var set int
	if err := conn.QueryRow(ctx, setUp, pgx.QueryExecModeExec, int32(pg.PID())).Scan(&arrayNulls, &set); err != nil {
		return err
	}
	if set == 0 && arrayNulls != "on" {
		return errors.New("array_nulls is off for the connections of the pooler: set it to on, for instance with ALTER ROLE")
	}
	if set == 0 {
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "bytea", OID: pgtype.ByteaOID, Codec: byteaCodec{}})
		s.pooled.Store(true)
	} else {
		s.direct.Store(true)
	}
	return nil
}

// checkReported returns an error unless literals mean what bun takes them to mean. Postgres reports each
// change of these settings, so this is true at the moment of the next statement.
func checkReported(pg *pgconn.PgConn) error {
	if pg.ParameterStatus("standard_conforming_strings") != "on" || pg.ParameterStatus("client_encoding") != "UTF8" {
		return errors.New("the connection has other values of standard_conforming_strings and client_encoding than it was opened with")
	}
	return nil
}

// hot returns the mode of hot queries: prepared statements, unless DATABASE_URL names another mode, or a
// pooler may run each statement on another backend.
func (s *sessions) hot() pgx.QueryExecMode {
	if s.prepares && s.direct.Load() && !s.pooled.Load() {
		return pgx.QueryExecModeCacheStatement
	}
	return s.fallback
}

// shouldPing reports whether a connection is checked before its use: after a second without use, and if it
// was not used since another one was found dead.
func (s *sessions) shouldPing(_ context.Context, p pgxpool.ShouldPingParams) bool {
	if p.IdleDuration > time.Second {
		return true
	}
	lost := s.lostAt.Load()
	return lost != 0 && time.Now().Add(-p.IdleDuration).UnixNano() <= lost
}

// lose records that a connection was found dead.
func (s *sessions) lose() { s.lostAt.Store(time.Now().UnixNano()) }

// urlOptions returns the names of the options of a URL that configure pgx or the pool.
func urlOptions(url string) map[string]bool {
	given := map[string]bool{}
	if config, err := pgconn.ParseConfig(url); err == nil {
		for name := range config.RuntimeParams { // whatever pgconn does not know
			given[name] = true
		}
	}
	return given
}
