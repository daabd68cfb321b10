package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	embeddedName       = "planoauth"      // of the database and of its super user
	embeddedReadyLimit = 60 * time.Second // includes the recovery after a crash
	embeddedStopLimit  = 20 * time.Second // of each signal, before a rougher one follows
	embeddedLogLimit   = 10 << 20         // bytes; a longer log is put aside at the next start
)

// ErrEmbeddedRunning is what StartEmbedded's error wraps when a living process holds the directory.
var ErrEmbeddedRunning = errors.New("PlanoAuth is already running on this directory: stop it, or set DATA_DIR or DATABASE_URL")

// Embedded is a Postgres that runs as a child of this process. Unix only; where the system can tell a child of its
// parent's death (Linux), Postgres shuts itself down then; elsewhere the next start does it.
type Embedded struct {
	// URL leads to the database planoauth over loopback TCP, as super user, password included. The port changes with each start.
	URL string

	dir      string
	files    *os.Root // dir, never followed out of it: what Postgres' user puts there must not fool root
	lock     *os.File // flocked as long as Postgres runs; the system lets go of it if this process is killed
	account  *syscall.Credential
	binaries string
	password string
	logStart int64

	process  *os.Process
	ended    chan struct{}
	endedBy  error // how process ended, once ended is closed
	stopping sync.Once
	stopped  error
}

// DefaultDir is where the embedded Postgres lives unless told otherwise: the user's state directory, or for root
// /var/lib/planoauth, since Postgres runs as another user there, who cannot enter /root. It fails if the user has no home.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/planoauth", nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "planoauth"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "planoauth"), err
}

// StartEmbedded starts the Postgres of dir and returns once it accepts connections; the first start creates the
// cluster. It takes over from a Postgres that an earlier, killed process left behind. options are settings of the
// server, such as "fsync=off", which also makes the first start quicker. ctx bounds the start only. The error says
// what to do about it; it wraps ErrEmbeddedRunning if another process holds dir.
func StartEmbedded(ctx context.Context, dir string, options ...string) (*Embedded, error) {
	return machineSources().start(ctx, dir, options)
}

// start is StartEmbedded with the Postgres binaries of these sources.
func (s sources) start(ctx context.Context, dir string, options []string) (*Embedded, error) {
	e, err := claim(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded Postgres in %s: %w", dir, err)
	}
	if err := e.start(ctx, s, options); err != nil {
		if e.account != nil && errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w; root cannot run Postgres, user id %d does, who must be able to enter the directory: choose another one", err, e.account.Uid)
		}
		e.release()
		return nil, fmt.Errorf("embedded Postgres in %s: %w", dir, err)
	}
	return e, nil
}

func (e *Embedded) start(ctx context.Context, s sources, options []string) error {
	e.removeUnfinished()
	if err := e.findBinaries(ctx, s); err != nil {
		return err
	}
	if err := e.initialize(ctx, !slices.Contains(options, "fsync=off")); err != nil {
		return err
	}
	return e.launch(ctx, freePort, options)
}

// Stop shuts Postgres down, cutting its connections, and waits for its end. It may be called again, and by several at
// once. The error is that of a Postgres that ended badly, maybe long before.
func (e *Embedded) Stop() error {
	e.stopping.Do(func() {
		if err := endProcess(context.Background(), e.process, e.ended); err != nil {
			e.stopped = err
		} else if e.endedBy != nil {
			e.stopped = fmt.Errorf("embedded Postgres in %s: %w", e.dir, e.endedBy)
		}
		e.release()
	})
	return e.stopped
}

// command is a program of Postgres, run as its account. It gets none of this process's environment, which holds secrets
// that Postgres' user need not know, but what finding libraries and files takes.
func (e *Embedded) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(e.binaries, program), arguments...)
	cmd.Dir = e.dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH")}
	cmd.SysProcAttr = childAttributes(e.account)
	return cmd
}

func (e *Embedded) cluster() string { return filepath.Join(e.dir, "cluster") }

// stopOrphan ends a Postgres that outlived the process whose child it was: holding the lock means that this one is dead.
func (e *Embedded) stopOrphan(ctx context.Context) error {
	recorded, err := e.files.ReadFile("cluster/postmaster.pid")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	pid := 0
	fmt.Sscan(string(recorded), &pid)
	// The process is looked up before it is examined: on Linux it then cannot turn into another one of the same id.
	if process, err := os.FindProcess(pid); err == nil && isPostmaster(pid, e.cluster()) {
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for isPostmaster(pid, e.cluster()) && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
		}()
		if err := errors.Join(endProcess(ctx, process, gone), ctx.Err()); err != nil {
			return err
		}
	}
	// Postgres itself would take any living process of its user for the postmaster, after a reboot for instance.
	if err := e.files.Remove("cluster/postmaster.pid"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// endProcess ends a postmaster and waits until gone is closed. It asks for a fast shutdown first, so that the next start
// has nothing to recover.
func endProcess(ctx context.Context, postmaster *os.Process, gone <-chan struct{}) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = postmaster.Signal(signal) // fails if it is gone, which the channel tells
		select {
		case <-gone:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(embeddedStopLimit):
		}
	}
	return fmt.Errorf("the Postgres process %d does not end", postmaster.Pid)
}

// launch starts Postgres, again if something in its way is bound to pass: its port went to another process in the
// meantime, a killed postmaster's other processes are about to end, or an orphan was only just starting.
func (e *Embedded) launch(ctx context.Context, choosePort func() (int, error), options []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, embeddedReadyLimit, fmt.Errorf("no answer of Postgres after %v", embeddedReadyLimit))
	defer cancel()
	for {
		if err := e.stopOrphan(ctx); err != nil {
			return err
		}
		port, err := choosePort()
		if err != nil {
			return err
		}
		err = e.launchOn(ctx, port, options)
		if err == nil || ctx.Err() != nil || !e.failedForAMoment() {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (e *Embedded) failedForAMoment() bool {
	tail := e.logTail()
	return strings.Contains(tail, "could not create any TCP/IP sockets") ||
		strings.Contains(tail, "pre-existing shared memory block") ||
		strings.Contains(tail, `lock file "postmaster.pid" already exists`)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (e *Embedded) launchOn(ctx context.Context, port int, options []string) error {
	log, err := e.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	e.URL = e.urlOn(strconv.Itoa(port))
	// No unix socket: its path may be no longer than 107 bytes.
	// Failed statements stay out of its log, for they hold values: digests, password hashes, mails.
	settings := []string{"listen_addresses=127.0.0.1", fmt.Sprintf("port=%d", port), "unix_socket_directories=", "log_min_error_statement=panic"}
	cmd := e.command(context.WithoutCancel(ctx), "postgres", "-D", e.cluster())
	for _, setting := range slices.Concat(settings, options) {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := e.spawn(cmd); err != nil {
		return err
	}
	if err := e.awaitReady(ctx); err != nil {
		return errors.Join(err, endProcess(context.Background(), e.process, e.ended))
	}
	return nil
}

func (e *Embedded) urlOn(port string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(embeddedName, e.password),
		Host: net.JoinHostPort("127.0.0.1", port), Path: embeddedName, RawQuery: "sslmode=disable",
	}).String()
}

// spawn starts the child and waits for it on a thread that does nothing else: the kernel takes the end of the thread
// that forked for the parent's death, and Go would end or reuse threads as it pleases.
func (e *Embedded) spawn(cmd *exec.Cmd) error {
	started := make(chan error)
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			e.endedBy = cmd.Wait()
			close(ended)
		}
	}()
	err := <-started
	e.process, e.ended = cmd.Process, ended
	return err
}

func (e *Embedded) awaitReady(ctx context.Context) error {
	alive, cancel := context.WithCancel(ctx) // not to wait for whoever answers on that port in Postgres' place
	defer cancel()
	go func(ended <-chan struct{}) {
		select {
		case <-ended:
			cancel()
		case <-alive.Done():
		}
	}(e.ended)
	for {
		err := e.query(alive, embeddedName, "")
		if missing := (*pgconn.PgError)(nil); errors.As(err, &missing) && missing.Code == "3D000" {
			err = e.query(alive, "postgres", "CREATE DATABASE "+embeddedName)
		}
		if err == nil {
			return nil
		}
		select {
		case <-e.ended:
			return fmt.Errorf("the Postgres process ended while starting (%v); its log %s ends with:\n%s", e.endedBy, filepath.Join(e.dir, "log"), e.logTail())
		case <-ctx.Done():
			return fmt.Errorf("%w (%w); its log %s ends with:\n%s", context.Cause(ctx), err, filepath.Join(e.dir, "log"), e.logTail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// query runs one statement. It insists on SCRAM, in which the server proves too that it knows the password: whatever else
// may listen on that port is not taken for our Postgres.
func (e *Embedded) query(ctx context.Context, database, statement string) error {
	config, err := pgconn.ParseConfig(e.URL)
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
