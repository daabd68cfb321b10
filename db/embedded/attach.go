package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// attachTimeout covers a Postgres that another process has just begun to start.
const attachTimeout = 10 * time.Second

// Attach connects to the Postgres of a directory that another process runs, for as long as that process does.
// It needs the rights of the user who runs Postgres, or of root. Stop leaves that Postgres running.
func Attach(ctx context.Context, dir string) (*Postgres, error) {
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var cause error // the last error that is not a timeout, if there was any
	for {
		url, err := findRunning(ctx, root.FS())
		if err == nil {
			p := &Postgres{URL: url}
			p.stopping.Do(func() {}) // there is nothing to stop
			return p, nil
		}
		if cause == nil || !pgconn.Timeout(err) && ctx.Err() == nil {
			cause = err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("embedded Postgres in %s: another process runs it, but it does not answer: %w", dir, cause)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// findRunning reads password and port from the files of the running Postgres, and checks that it is the one
// that answers.
func findRunning(ctx context.Context, files fs.FS) (url string, _ error) {
	password, err := fs.ReadFile(files, passwordFile)
	if err != nil {
		return "", err
	}
	recorded, err := fs.ReadFile(files, postmasterFile)
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(recorded), "\n")
	if len(lines) < 4 {
		return "", errors.New("its port is not known yet")
	}
	port, err := strconv.Atoi(strings.TrimSpace(lines[3]))
	if err != nil {
		return "", err
	}
	url = urlOn(port, strings.TrimSpace(string(password)))
	return url, query(ctx, url, databaseName, "")
}
