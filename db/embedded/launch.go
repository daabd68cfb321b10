package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const readyTimeout = 60 * time.Second // includes the recovery after a crash

// errEndedAtStart means that somebody ended Postgres while it was starting, or that it cannot start.
var errEndedAtStart = errors.New("the Postgres process ended while starting")

// launcher starts the Postgres of a directory.
type launcher struct {
	directory *directory
	binaries  binaries
	password  string
	options   []string
}

// launch starts Postgres and waits until it accepts connections. It tries again after a failure that passes
// by itself: another process took the port, processes of a killed postmaster are still ending, or an orphan
// was just starting.
func (l *launcher) launch(ctx context.Context, choosePort func() (int, error)) (*Postgres, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("no answer of Postgres after %v", readyTimeout))
	defer cancel()
	for {
		if err := stopOrphan(ctx, l.directory); err != nil {
			return nil, err
		}
		port, err := choosePort()
		if err != nil {
			return nil, err
		}
		p, log, err := l.launchOn(ctx, port)
		if err == nil || ctx.Err() != nil || !isTransient(log) {
			return p, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// isTransient reports whether the log of a failed start names a cause that passes by itself.
func isTransient(log string) bool {
	return strings.Contains(log, "could not create any TCP/IP sockets") ||
		strings.Contains(log, "pre-existing shared memory block") ||
		strings.Contains(log, `lock file "postmaster.pid" already exists`)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// launchOn starts Postgres on one port. If that fails, it returns what Postgres logged.
func (l *launcher) launchOn(ctx context.Context, port int) (*Postgres, string, error) {
	log, err := openLog(l.directory)
	if err != nil {
		return nil, "", err
	}
	defer log.file.Close()
	// No unix socket: its path is limited to 107 bytes.
	// No failed statements in the log: they contain digests, password hashes and mails.
	settings := []string{
		"listen_addresses=127.0.0.1", fmt.Sprintf("port=%d", port), "unix_socket_directories=", "log_min_error_statement=panic",
	}
	cmd := l.binaries.command(context.WithoutCancel(ctx), "postgres", "-D", l.directory.cluster())
	for _, setting := range slices.Concat(settings, l.options) {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	cmd.Stdout, cmd.Stderr = log.file, log.file
	process, err := spawn(cmd)
	if err != nil {
		return nil, "", err
	}
	p := &Postgres{URL: urlOn(port, l.password), directory: l.directory, launcher: *l, process: process}
	if err := awaitReady(ctx, p.URL, process); err != nil {
		tail := log.tail()
		err = fmt.Errorf("%w; its log %s ends with:\n%s", err, log.path(), tail)
		return nil, tail, errors.Join(err, process.end(context.Background()))
	}
	return p, "", nil
}

// awaitReady waits until Postgres accepts connections to the database, which it creates if it is missing.
func awaitReady(ctx context.Context, url string, p *process) error {
	alive, cancel := context.WithCancel(ctx) // so as not to wait for another program that listens on the port
	defer cancel()
	go func() {
		select {
		case <-p.ended:
			cancel()
		case <-alive.Done():
		}
	}()
	for {
		err := query(alive, url, databaseName, "")
		if missing := (*pgconn.PgError)(nil); errors.As(err, &missing) && missing.Code == "3D000" {
			err = query(alive, url, "postgres", "CREATE DATABASE "+databaseName)
		}
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%w (%v)", errEndedAtStart, p.result)
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
