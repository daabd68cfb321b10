package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// embeddedAttachLimit is for a Postgres that another process is only just starting.
const embeddedAttachLimit = 10 * time.Second

// AttachEmbedded gives access to the Postgres of dir that another process runs, for as long as that one does. What it takes
// can be read only by the user who runs Postgres, and by root. Stop leaves that Postgres alone.
func AttachEmbedded(ctx context.Context, dir string) (*Embedded, error) {
	ctx, cancel := context.WithTimeout(ctx, embeddedAttachLimit)
	defer cancel()
	files, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	var failed error // by another cause than a lack of time, if there was any
	for {
		e := &Embedded{dir: dir, files: files}
		err := e.attach(ctx)
		if err == nil {
			e.stopping.Do(func() {}) // there is nothing of ours to stop
			return e, nil
		}
		if failed == nil || !pgconn.Timeout(err) && ctx.Err() == nil {
			failed = err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("embedded Postgres in %s: another process runs it, but it does not answer: %w", dir, failed)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// attach finds the password and the port where the running process has left them, and makes sure that it is that Postgres
// which answers.
func (e *Embedded) attach(ctx context.Context) error {
	password, err := e.files.ReadFile("password")
	if err != nil {
		return err
	}
	recorded, err := e.files.ReadFile("cluster/postmaster.pid")
	if err != nil {
		return err
	}
	lines := strings.Split(string(recorded), "\n")
	if len(lines) < 4 {
		return errors.New("its port is not known yet")
	}
	e.password = strings.TrimSpace(string(password))
	e.URL = e.urlOn(strings.TrimSpace(lines[3]))
	return e.query(ctx, embeddedName, "")
}
