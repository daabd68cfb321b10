package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/password"
)

// env is the environment of one test: a server with its database, its clock and its Mandrill.
type env struct {
	t        testing.TB
	url      string
	http     *http.Client
	api      *client.API
	pool     *pgxpool.Pool // for SQL that an operator might run
	clock    *clock
	mandrill *mandrill
	logs     *logs
	counted  *statements
	database string             // its URL
	serving  string             // the same, or by way of something between the server and the database
	redirect string             // of the magic links that are requested
	adjust   func(*impl.Server) // each replica before it starts
}

type options struct {
	settings impl.Settings
	sql      []string
	mailer   mailer.Mailer
	adjust   func(*impl.Server)
	database func(url string) string // changes the URL for the server
	through  *prism                  // between the client and the server, where it is not nil
}

// withSQL runs statements before the server starts.
func withSQL(statements ...string) func(*options) {
	return func(o *options) { o.sql = append(o.sql, statements...) }
}

// withDatabase changes the URL of the database for the server.
func withDatabase(change func(url string) string) func(*options) {
	return func(o *options) { o.database = change }
}

// withServer adjusts each replica before it starts.
func withServer(adjust func(*impl.Server)) func(*options) {
	return func(o *options) { o.adjust = adjust }
}

func withSettings(change func(*impl.Settings)) func(*options) {
	return func(o *options) { change(&o.settings) }
}

// atPublicURL makes PUBLIC_URL the address where the server listens, so that browsers can follow mailed links.
func atPublicURL(o *options) { o.settings.PublicURL = "" }

// cheapSettings have the cheapest hashes that argon2 allows.
var cheapSettings = impl.Settings{PublicURL: "https://auth.example", Argon2Memory: 8, Argon2Time: 1, MailPause: time.Hour, AuditDays: 365}

// start starts a server in an environment of its own. Its hashes are the cheapest unless a test sets others.
func start(t testing.TB, opts ...func(*options)) *env {
	t.Helper()
	e := &env{t: t, clock: &clock{}, mandrill: startMandrill(t), logs: &logs{}, counted: &statements{}}
	e.database = newDatabase(t)
	o := options{settings: cheapSettings}
	for _, opt := range opts {
		opt(&o)
	}
	var err error
	direct, err := db.ParseURL(e.database) // with settings of our own, whatever the database's are
	check(t, err)
	direct.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	e.pool, err = pgxpool.NewWithConfig(t.Context(), direct)
	check(t, err)
	t.Cleanup(e.pool.Close)
	for _, statement := range o.sql {
		e.exec(statement)
	}
	if o.mailer == nil {
		o.mailer, err = mailer.NewMandrill("md-test-key", e.mandrill.url, "PlanoAuth <auth@planoauth.example>")
		check(t, err)
	}
	t.Cleanup(func() { checkLogs(t, e.logs.String()) }) // when the replicas have stopped
	e.adjust = o.adjust
	e.serving = serverURL(t, e.database)
	if o.database != nil {
		e.serving = o.database(e.serving)
	}
	e.url = e.replica(o.settings, o.mailer)
	wire := http.RoundTripper(&http.Transport{MaxIdleConnsPerHost: 100})
	if o.through != nil {
		wire = &proxied{prism: o.through, next: wire, report: t.Error}
	}
	e.http = &http.Client{Transport: &recorder{t: t, next: wire}}
	t.Cleanup(e.http.CloseIdleConnections)
	e.api = connect(t, e.url, e.http)
	return e
}

// connect returns a client without retries, since tests look at refusals.
func connect(t testing.TB, url string, doer *http.Client) *client.API {
	t.Helper()
	api, err := client.New(url, client.WithHTTPClient(doer))
	check(t, err)
	api.Retries = 0
	return api
}

// replica starts one server on the database of the environment, and returns its URL.
func (e *env) replica(settings impl.Settings, mailer mailer.Mailer) string {
	t := e.t
	config, err := db.ParseURL(e.serving)
	check(t, err)
	config.MaxConns = 20
	config.ConnConfig.Tracer = e.counted
	d, err := db.Open(t.Context(), config)
	check(t, err)
	listener := httptest.NewUnstartedServer(nil)
	if settings.PublicURL == "" {
		settings.PublicURL = "http://" + listener.Listener.Addr().String()
	}
	server, err := impl.New(settings, d, mailer, slog.New(slog.NewJSONHandler(e.logs, nil)), e.clock.now)
	check(t, err)
	if e.adjust != nil {
		e.adjust(server)
	}
	working, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	wait, err := server.Start(working)
	check(t, err)
	listener.Config.Handler = server.Handler()
	listener.Config.BaseContext = func(net.Listener) context.Context {
		return context.WithValue(context.Background(), countedKey{}, true)
	}
	listener.Start()
	t.Cleanup(func() {
		listener.Close()
		stop()
		wait()
		d.Close()
	})
	return listener.URL
}

// checkLogs fails if the server logged an outcome that the spec does not list; the caller only saw
// application-crash.
func checkLogs(t testing.TB, logged string) {
	t.Helper()
	for line := range strings.Lines(logged) {
		var entry struct{ Cause string }
		if json.Unmarshal([]byte(line), &entry) == nil && strings.HasPrefix(entry.Cause, "openapi.yaml does not list") {
			t.Error(entry.Cause)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is the server's clock: the real time, moved or stopped.
type clock struct {
	offset  atomic.Int64
	stopped atomic.Pointer[time.Time]
}

func (c *clock) now() time.Time {
	if stopped := c.stopped.Load(); stopped != nil {
		return *stopped
	}
	return time.Now().Add(time.Duration(c.offset.Load()))
}

func (c *clock) move(d time.Duration) { c.offset.Add(int64(d)) }

func (c *clock) stop(at time.Time) { c.stopped.Store(&at) }

// logs keeps the server's log, for tests that look for secrets.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// statements records the statements of requests, without those of background work.
type statements struct {
	mu    sync.Mutex
	texts []string
}

type countedKey struct{}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	text := strings.ToLower(strings.TrimSpace(data.SQL))
	if ctx.Value(countedKey{}) != nil && !strings.HasPrefix(text, "begin") && !strings.HasPrefix(text, "commit") {
		s.mu.Lock()
		s.texts = append(s.texts, text)
		s.mu.Unlock()
	}
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns the statements since the last call.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.texts
	s.texts = nil
	return taken
}

func (e *env) exec(statement string, args ...any) {
	e.t.Helper()
	_, err := e.pool.Exec(context.Background(), statement, args...)
	check(e.t, err)
}

// count counts the rows of a table, for instance "users WHERE id = $1".
func (e *env) count(from string, args ...any) int {
	e.t.Helper()
	var n int
	check(e.t, e.pool.QueryRow(context.Background(), "SELECT count(*) FROM "+from, args...).Scan(&n))
	return n
}

// within waits until a condition holds.
func (e *env) within(limit time.Duration, what string, so func() bool) {
	e.t.Helper()
	deadline := time.Now().Add(limit)
	for !so() {
		if time.Now().After(deadline) {
			e.t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// quickly shortens the intervals of the background loops.
func quickly(s *impl.Server) {
	s.Sessions.Intervals.Flush, s.Addresses.ExchangeInterval = 20*time.Millisecond, 20*time.Millisecond
}

// onHash calls do before each password hash.
func onHash(do func(password.Cost)) func(*options) {
	return withServer(func(s *impl.Server) { s.Passwords.OnHash = do })
}

// flush waits until all pending last_used_at updates are written. It uses another session after them, and
// waits for that one, whose last use is recent enough not to be written at once.
func (e *env) flush() {
	e.t.Helper()
	email := e.user(person{client: true})
	token := e.signIn(email)
	const of = "sessions WHERE user_id = (SELECT id FROM users WHERE email = $1)"
	e.exec("UPDATE sessions SET last_used_at = last_used_at - interval '30 minutes' FROM users u WHERE user_id = u.id AND email = $1", email)
	e.within(busyLimit, "the session's use is written", func() bool {
		e.readAs("", token)
		return e.count(of+" AND last_used_at >= created_at", email) == 1
	})
	e.exec("DELETE FROM users WHERE email = $1", email)
}

// wakeJobs notifies River of new jobs, as its own inserts do. Otherwise it polls once a second.
func (e *env) wakeJobs() {
	e.t.Helper()
	e.exec(`SELECT pg_notify('public.river_insert', '{"queue": "default"}')`)
}
