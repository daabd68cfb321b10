package db

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDefaultMaxConns(t *testing.T) {
	t.Parallel()
	const maxConnections, reserved, replicas = 100, 3, 5
	for cores, want := range map[int]int32{1: 8, 2: 16, 16: 16, 128: 16} {
		got := defaultMaxConns(cores)
		if got != want || (int(got)+2)*replicas > maxConnections-reserved { // two more listen and watch
			t.Errorf("%d cores: %d connections", cores, got)
		}
	}
}

// TestURLOptions: what DATABASE_URL says about the pool and about prepared statements is kept.
func TestURLOptions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		option string
		mode   pgx.QueryExecMode // of hot queries, on direct connections
	}{
		{"", pgx.QueryExecModeCacheStatement},
		{"statement_cache_capacity=0", pgx.QueryExecModeExec},
		{"default_query_exec_mode=simple_protocol", pgx.QueryExecModeSimpleProtocol},
		{"default_query_exec_mode=cache_describe", pgx.QueryExecModeCacheDescribe},
		{"standard_conforming_strings=off&DateStyle=German&TimeZone=Asia/Kolkata", pgx.QueryExecModeCacheStatement},
	} {
		config, err := ParseURL("postgres://u:p@127.0.0.1/d?pool_max_conns=3&pool_ping_timeout=9s&" + row.option)
		check(t, err)
		if config.MaxConns != 3 || config.PingTimeout.Seconds() != 9 {
			t.Errorf("%s: the pool has %d connections and pings for %v", row.option, config.MaxConns, config.PingTimeout)
		}
		params := config.ConnConfig.RuntimeParams
		if params["standard_conforming_strings"] != "on" || params["DateStyle"] != "" || params["TimeZone"] != "" {
			t.Errorf("%s: the connection asks for %v", row.option, params)
		}
		s := newSessions(config)
		if s.hot() == pgx.QueryExecModeCacheStatement {
			t.Errorf("%s: prepared before a connection is known to be direct", row.option)
		}
		s.direct.Store(true)
		if got := s.hot(); got != row.mode {
			t.Errorf("%s: hot queries run in mode %v", row.option, got)
		}
		if s.pooled.Store(true); s.hot() == pgx.QueryExecModeCacheStatement {
			t.Errorf("%s: prepared behind a pooler", row.option)
		}
	}
}

func TestLiterals(t *testing.T) {
	t.Parallel()
	d := newDialect()
	for value, want := range map[string]string{`a`: `'a'`, `a'b`: `'a''b'`, `a\`: `E'a\\'`, `\'`: `E'\\'''`} {
		if got := string(d.AppendString([]byte("x"), value)); got != "x"+want {
			t.Errorf("%s is %s", value, got)
		}
	}
	if got := string(d.AppendBytes([]byte("x"), []byte{0, 255})); got != `xE'\\x00ff'` {
		t.Errorf("bytes are %s", got)
	}
	if got := string(d.AppendBytes(nil, nil)); got != "NULL" {
		t.Errorf("no bytes are %s", got)
	}
}

func TestByteaText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{`\x00ff`: `\x00ff`, `\000a\\\377`: `\x00615cff`, ``: `\x`, `ab`: `\x6162`} {
		if got := string(hexForm([]byte(text))); got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
}
