package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/validation"
)

type serve struct {
	database
	impl.Settings
}

// defaultDrain is the time in which load balancers notice that /health/ready answers 503.
const defaultDrain = 5 * time.Second

// Run serves until ctx ends. It opens the listeners first, so that an address in use is reported before
// anything is started, and releases everything in reverse order.
func (s *serve) Run(ctx context.Context) error {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // else the server dies when the reader of its log does
	log, stopLog := startLog(os.Stderr)
	defer stopLog()
	s.Embedded = s.DatabaseURL == ""
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer context.AfterFunc(ctx, func() { time.AfterFunc(s.drain()+stopTimeout, func() { giveUp(ctx, log, stopLog) }) })()
	sender, mailErr := s.NewMailer(s.Embedded)
	if err := errors.Join(s.Complete(), mailErr); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	defer listener.Close()
	s.setPublicPort(listener)
	metrics, err := s.listenMetrics()
	if err != nil {
		return err
	}
	go validation.New() // takes as long as connecting to the database, and is needed after that
	var postgres *embedded.Postgres
	d, closeDB, err := s.open(ctx, func(ctx context.Context, dir string, options ...string) (_ *embedded.Postgres, err error) {
		postgres, err = startSupervised(ctx, log, fail, dir, options...)
		return postgres, err
	})
	if err != nil {
		return err
	}
	defer closeDB()
	if err := s.prepare(ctx, d); err != nil {
		return err
	}
	server, err := impl.New(s.Settings, d, sender, log, time.Now)
	if err != nil {
		return err
	}
	if err := prepareDevelopment(ctx, server, postgres); err != nil {
		return err
	}
	stopBackground, err := startBackground(ctx, server)
	if err != nil {
		return err
	}
	defer stopBackground()
	defer serveMetrics(metrics, server.Metrics())()
	s.greet(sender)
	limitMemory(s.HashMemory())
	if err := serveUntilDone(ctx, listener, server, s.drain()); err != nil {
		return err
	}
	return lostPostgres(ctx)
}

var errPostgresLost = errors.New("the embedded Postgres cannot be started again")

// lostPostgres returns the error for which ctx ended, nil if that was a signal.
func lostPostgres(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errPostgresLost) {
		return cause
	}
	return nil
}

// startSupervised starts the embedded Postgres, and again whenever it ends. It calls fail if that is not
// possible.
func startSupervised(ctx context.Context, log *slog.Logger, fail context.CancelCauseFunc, dir string, options ...string) (
	*embedded.Postgres, error,
) {
	postgres, err := embedded.Start(ctx, dir, options...)
	if err != nil {
		return nil, err
	}
	go func() {
		err := postgres.Supervise(func(cause error) { log.Error("the embedded Postgres ended, starting it again", "cause", cause.Error()) })
		if err != nil {
			fail(fmt.Errorf("%w: %w", errPostgresLost, err))
		}
	}()
	return postgres, nil
}

// giveUp ends the process, whatever it waits for: a hanging database must not delay a restart.
func giveUp(ctx context.Context, log *slog.Logger, stopLog func()) {
	log.Warn("stopping took too long: what was still under way is broken off")
	stopLog()
	if err := lostPostgres(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "planoauth:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// drain returns how long the server goes on after it was asked to stop. On an embedded run nobody sends
// requests to another replica.
func (s *serve) drain() time.Duration {
	switch {
	case s.DrainSeconds != nil:
		return time.Duration(*s.DrainSeconds) * time.Second
	case s.DatabaseURL == "":
		return 0
	}
	return defaultDrain
}

// setPublicPort puts the port of the listener into a PUBLIC_URL that was derived from an ADDR with port 0.
func (s *serve) setPublicPort(listener net.Listener) {
	if host, found := strings.CutSuffix(s.PublicURL, ":0"); found {
		s.PublicURL = fmt.Sprintf("%s:%d", host, listener.Addr().(*net.TCPAddr).Port)
	}
}

// listenMetrics returns nil if METRICS_ADDR is not set.
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

// startBackground starts the server's background loops. They outlive ctx, since requests that are being
// answered need them; stop ends them and waits.
func startBackground(ctx context.Context, server *impl.Server) (stop func(), _ error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	wait, err := server.Start(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return func() { cancel(); wait() }, nil
}

// greet says that the server is ready. On an embedded run, which is how people begin, it also says where to go next.
func (s *serve) greet(sender mailer.Mailer) {
	if !s.Embedded {
		fmt.Printf("PlanoAuth is ready at %s\n", s.PublicURL)
		return
	}
	next := "It sends mails by Mandrill. The explorer and more"
	switch sender.(type) {
	case *mailer.Mailbox:
		next = "People to sign in as, their mails, the explorer and more"
	case *mailer.SMTP:
		next = strings.Replace(next, "Mandrill", "SMTP", 1)
	}
	fmt.Printf(`PlanoAuth is ready. %[2]s:

  %[1]s

Make an administrator, who signs in at %[1]s/console by a mailed link:

  planoauth employee add EMAIL --access admin

Register somebody:

  curl -s %[1]s/api/v1/clients/register -H 'Content-Type: text/plain' -d "$(printf '%%s' '{"application":"planoorder","client":{"email":"grace@example.com","password":"nanoseconds on a wire","first_name":"Grace","last_name":"Hopper"}}' | base64 | tr -d '\n')"

`, s.PublicURL, next)
}
