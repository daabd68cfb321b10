// Command planoauth serves PlanoAuth, and prepares its database.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
)

const (
	stopLimit      = 15 * time.Second // for requests under way when the server stops
	readLimit      = 30 * time.Second // for a request to arrive
	headerLimit    = 10 * time.Second // for its headers to arrive
	idleConnection = 2 * time.Minute
)

type command struct {
	Serve   serve   `cmd:"" default:"withargs" help:"Serve the API. Without DATABASE_URL, on an embedded Postgres that is migrated and deployed first."`
	Migrate migrate `cmd:"" help:"Bring the schema of the database up to date."`
	Deploy  deploy  `cmd:"" help:"Enter the services and routes of openapi.yaml that are missing in the registry."`

	Application application `cmd:"" help:"Applications: the products that users sign in to."`
	Employee    employee    `cmd:"" help:"Employees."`
	Company     company     `cmd:"" help:"Companies."`

	Calibrate calibrate `cmd:"" help:"Suggest settings of the password hash for this machine."`
}

type database struct {
	DatabaseURL string `env:"DATABASE_URL" placeholder:"URL" help:"postgres:// URL. Without it, an embedded Postgres."`
	DataDir     string `env:"DATA_DIR" type:"path" placeholder:"DIR" help:"Where the embedded Postgres lives; by default in the user's state directory."`
}

func main() {
	var c command
	parser := kong.Must(&c, kong.Name("planoauth"), kong.Description("An authentication server whose every outcome is a documented status slug."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kctx, err := parser.Parse(os.Args[1:])
	if err == nil {
		kctx.BindTo(ctx, (*context.Context)(nil))
		err = kctx.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "planoauth:", err)
		os.Exit(1)
	}
}

type serve struct {
	database
	impl.Settings
}

// Run serves until it is told to stop.
func (s *serve) Run(ctx context.Context) error {
	log, stopLog := startLog(os.Stderr)
	defer stopLog()
	if s.PublicURL == "" {
		s.PublicURL = "http://" + s.Addr
	}
	s.PublicURL = strings.TrimSuffix(s.PublicURL, "/")
	mailer, err := s.NewMailer(s.DatabaseURL == "")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	metrics, err := s.listenMetrics()
	if err != nil {
		return err
	}
	d, closeDB, err := s.open(ctx, embedded.Start)
	if err != nil {
		return err
	}
	defer closeDB()
	if err := s.prepare(ctx, d); err != nil {
		return err
	}
	server, err := impl.New(s.Settings, d, mailer, log, time.Now)
	if err != nil {
		return err
	}
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	wait, err := server.Start(working)
	if err != nil {
		stopWork()
		return err
	}
	defer func() { stopWork(); wait() }()
	defer serveMetrics(metrics, server.Metrics())()
	s.greet(mailer)
	s.limitMemory()
	return serveUntilDone(ctx, listener, server.Handler())
}

const (
	otherMemory = 96 << 20 // bytes, of all but the hashing: a third is for the sessions that are kept
	hashGarbage = 4        // times the memory of the hashes at work may lie about, since each collection takes a tenth of a hash's time
)

// limitMemory has garbage collected seldom, but what hashing leaves behind before it piles up, unless GOGC and GOMEMLIMIT say
// otherwise, and gives back what the start took.
func (s *serve) limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(otherMemory + hashGarbage*int64(s.Hashing())<<10)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // little is kept
	}
	go debug.FreeOSMemory()
}

// listenMetrics is nil unless METRICS_ADDR is set.
func (s *serve) listenMetrics() (net.Listener, error) {
	if s.MetricsAddr == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", s.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: %w", err)
	}
	return listener, nil
}

// serveMetrics serves behind the main server until stop is called.
func serveMetrics(listener net.Listener, handler http.Handler) (stop func()) {
	if listener == nil {
		return func() {}
	}
	server := &http.Server{Handler: handler, ReadTimeout: readLimit, ReadHeaderTimeout: headerLimit, IdleTimeout: idleConnection}
	go server.Serve(listener)
	return func() { server.Close() }
}

// prepare migrates and deploys an embedded database; one that others own must have been prepared.
func (o *database) prepare(ctx context.Context, d *db.DB) error {
	if o.DatabaseURL == "" {
		if err := db.Migrate(ctx, d); err != nil {
			return err
		}
		return impl.Deploy(ctx, d, time.Now())
	}
	behind, err := db.Behind(ctx, d)
	if err == nil && behind {
		err = errors.New("the schema of the database is behind this version: run `planoauth migrate` and `planoauth deploy`")
	}
	return err
}

// greet tells a person at a terminal what to do next.
func (s *serve) greet(sender mailer.Mailer) {
	mails := "by Mandrill"
	switch sender.(type) {
	case *mailer.Mailbox:
		mails = s.PublicURL + "/dev/mail"
	case *mailer.SMTP:
		mails = "by SMTP"
	}
	fmt.Printf(`PlanoAuth is ready.

  Explorer   %[1]s/docs
  Mails      %[2]s

Register somebody:

  curl -s %[1]s/api/v1/clients/register -H 'Content-Type: text/plain' -d "$(printf '%%s' '{"application":"planoorder","client":{"email":"grace@example.com","password":"nanoseconds on a wire","first_name":"Grace","last_name":"Hopper"}}' | base64 | tr -d '\n')"

`, s.PublicURL, mails)
}

func serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadTimeout: readLimit, ReadHeaderTimeout: headerLimit, IdleTimeout: idleConnection}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return server.Shutdown(stopping)
}

type migrate struct{ database }

// Run migrates.
func (m *migrate) Run(ctx context.Context) error { return m.with(ctx, db.Migrate) }

type deploy struct{ database }

// Run deploys.
func (m *deploy) Run(ctx context.Context) error {
	return m.with(ctx, func(ctx context.Context, d *db.DB) error { return impl.Deploy(ctx, d, time.Now()) })
}

func (o *database) with(ctx context.Context, do func(context.Context, *db.DB) error) error {
	d, closeDB, err := o.open(ctx, startOrAttach)
	if err != nil {
		return err
	}
	defer closeDB()
	return do(ctx, d)
}

// startOrAttach uses the embedded Postgres of a running server, or else starts it.
func startOrAttach(ctx context.Context, dir string, options ...string) (*embedded.Postgres, error) {
	postgres, err := embedded.Start(ctx, dir, options...)
	if errors.Is(err, embedded.ErrRunning) {
		return embedded.Attach(ctx, dir)
	}
	return postgres, err
}

// open connects to the database. It gets at the embedded one by start.
func (o *database) open(ctx context.Context, start func(context.Context, string, ...string) (*embedded.Postgres, error)) (d *db.DB, closeDB func(), err error) {
	url, stop := o.DatabaseURL, func() {}
	if url == "" {
		dir := o.DataDir
		if dir == "" {
			if dir, err = embedded.DefaultDir(); err != nil {
				return nil, nil, err
			}
		}
		postgres, err := start(ctx, dir)
		if err != nil {
			return nil, nil, err
		}
		url = postgres.URL
		stop = func() {
			if err := postgres.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "planoauth:", err)
			}
		}
	}
	config, err := db.ParseURL(url)
	if err != nil {
		stop()
		return nil, nil, err
	}
	if d, err = db.Open(ctx, config); err != nil {
		stop()
		return nil, nil, err
	}
	return d, func() { d.Close(); stop() }, nil
}
