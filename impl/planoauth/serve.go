package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
)

type serve struct {
	database
	impl.Settings
}

// Run serves until ctx ends. It opens the listeners first, so that an address in use is reported before
// anything is started, and releases everything in reverse order.
func (s *serve) Run(ctx context.Context) error {
	log, stopLog := startLog(os.Stderr)
	defer stopLog()
	s.Embedded = s.DatabaseURL == ""
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
	d, closeDB, err := s.open(ctx, embedded.Start)
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
	stopBackground, err := startBackground(ctx, server)
	if err != nil {
		return err
	}
	defer stopBackground()
	defer serveMetrics(metrics, server.Metrics())()
	s.greet(sender)
	limitMemory(s.HashMemory())
	return serveUntilDone(ctx, listener, server.Handler())
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

// greet prints for a person at a terminal where to go next.
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
