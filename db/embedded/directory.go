package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrRunning is wrapped by the error of Start when another living process holds the directory.
var ErrRunning = errors.New("PlanoAuth is already running on this directory: stop it, or set DATA_DIR or DATABASE_URL")

// Files in the data directory.
const (
	lockFile       = "lock"
	passwordFile   = "password"
	logFile        = "log"
	clusterDir     = "cluster"                      // complete if it exists
	unfinished     = "unfinished-"                  // prefix of a cluster that initdb is creating
	postmasterFile = clusterDir + "/postmaster.pid" // written by Postgres
)

// DefaultDir returns the data directory that is used if no other is configured: planoauth in the user's state
// directory (XDG_STATE_HOME, ~/.local/state), or /var/lib/planoauth for root, because the user that runs
// Postgres for root cannot enter /root. It fails if the user has no home.
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

// directory is the data directory of one Postgres.
type directory struct {
	path    string
	root    *os.Root            // confines access to path: the account could place links there to mislead root
	lock    *os.File            // flocked while Postgres runs; released if this process is killed
	account *syscall.Credential // that owns path and runs Postgres; nil for this process's own user
}

// lockDirectory creates the directory if needed and locks it for this process. It fails with ErrRunning if
// another process holds the lock.
func lockDirectory(path string) (*directory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	account, err := chooseAccount(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d := &directory{path: path, root: root, account: account}
	if d.lock, err = d.open(lockFile, os.O_RDWR); err != nil {
		d.release()
		return nil, err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.release()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return d, nil
}

func (d *directory) release() {
	if d.lock != nil {
		// Close alone would leave the lock to a child process that is just being forked.
		_ = syscall.Flock(int(d.lock.Fd()), syscall.LOCK_UN)
		d.lock.Close()
	}
	d.root.Close()
}

func (d *directory) cluster() string { return filepath.Join(d.path, clusterDir) }

// removeUnfinished removes the clusters of interrupted first starts. Errors are ignored: the names are never
// used again.
func (d *directory) removeUnfinished() {
	left, _ := filepath.Glob(filepath.Join(d.path, unfinished+"*"))
	for _, path := range left {
		_ = d.root.RemoveAll(filepath.Base(path))
	}
}

// open opens a file that only its owner can read, and creates it if needed. The account owns it, so that the
// account's own PlanoAuth can use the directory after root has.
func (d *directory) open(name string, flag int) (*os.File, error) {
	file, err := d.root.OpenFile(name, flag|os.O_CREATE, 0o600)
	if err != nil || d.account == nil {
		return file, err
	}
	return file, file.Chown(int(d.account.Uid), int(d.account.Gid))
}

// sync makes the names in the directory survive a power failure.
func (d *directory) sync() error {
	dir, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
