package db

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// claim makes dir this process's own, and the property of the user that is going to run Postgres.
func claim(dir string) (*Embedded, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	account, err := chooseAccount(dir)
	if err != nil {
		return nil, err
	}
	files, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	e := &Embedded{dir: dir, files: files, account: account}
	if e.lock, err = e.open("lock", os.O_RDWR); err != nil {
		e.release()
		return nil, err
	}
	if err := syscall.Flock(int(e.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		e.release()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrEmbeddedRunning
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return e, nil
}

func (e *Embedded) release() {
	if e.lock != nil {
		// Closing alone would leave the lock to a child that is about to be started.
		_ = syscall.Flock(int(e.lock.Fd()), syscall.LOCK_UN)
		e.lock.Close()
	}
	e.files.Close()
}

// chooseAccount is who runs Postgres in dir: nil means this process's own user. Postgres refuses root, so root gives
// dir to another user, and stays with that one: Postgres wants to own its cluster.
func chooseAccount(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
		return &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, errors.New("the directory belongs to root and is not empty; it has to be given to an unprivileged user: choose another one")
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	return account, errors.Join(os.Chmod(dir, 0o700), os.Chown(dir, int(account.Uid), int(account.Gid)))
}

func unprivileged() (*syscall.Credential, error) {
	found, err := user.Lookup("postgres")
	if err != nil {
		if found, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// removeUnfinished removes what interrupted starts left. What resists is only a waste of space: names are not reused.
func (e *Embedded) removeUnfinished() {
	unfinished, _ := filepath.Glob(filepath.Join(e.dir, "unfinished-*"))
	for _, path := range unfinished {
		_ = e.files.RemoveAll(filepath.Base(path))
	}
}

// initialize creates the cluster at the first start, and knows its password afterwards. A cluster that bears its name
// is complete.
func (e *Embedded) initialize(ctx context.Context, durable bool) error {
	if _, err := e.files.Stat("cluster"); err == nil {
		password, err := e.files.ReadFile("password")
		e.password = strings.TrimSpace(string(password))
		return err
	}
	e.password = rand.Text()
	if err := e.writePassword(); err != nil {
		return err
	}
	unfinished := "unfinished-" + rand.Text()
	cmd := e.command(ctx, "initdb", "--pgdata="+filepath.Join(e.dir, unfinished), "--username="+embeddedName,
		"--pwfile="+filepath.Join(e.dir, "password"), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
	if !durable {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	// The thread is locked for Pdeathsig; see spawn.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	if err := e.files.Rename(unfinished, "cluster"); err != nil {
		return err
	}
	return e.syncDir()
}

// open opens a file of dir that only its owner may read, creating it if need be. The account owns it, so that it can
// take over from root.
func (e *Embedded) open(name string, flag int) (*os.File, error) {
	file, err := e.files.OpenFile(name, flag|os.O_CREATE, 0o600)
	if err != nil || e.account == nil {
		return file, err
	}
	return file, file.Chown(int(e.account.Uid), int(e.account.Gid))
}

func (e *Embedded) writePassword() error {
	file, err := e.open("password", os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(e.password + "\n")
	return errors.Join(err, file.Sync())
}

func (e *Embedded) syncDir() error {
	dir, err := e.files.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// openLog opens the log for appending, and notes where this start's part begins.
func (e *Embedded) openLog() (*os.File, error) {
	if info, err := e.files.Stat("log"); err == nil && info.Size() > embeddedLogLimit {
		if err := e.files.Rename("log", "log.1"); err != nil {
			return nil, err
		}
	}
	log, err := e.open("log", os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	info, err := log.Stat()
	if err == nil {
		e.logStart = info.Size()
	}
	return log, err
}

// logTail is the end of what this start has logged.
func (e *Embedded) logTail() string {
	log, _ := e.files.ReadFile("log")
	log = log[min(e.logStart, int64(len(log))):]
	return string(bytes.TrimSpace(log[max(0, len(log)-2000):]))
}
