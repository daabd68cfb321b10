package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child. It ends with the harness, and is only ever signaled by its own id.
type process struct {
	*os.Process
	ended  chan struct{} // closed when it has ended
	result error         // of Wait, once ended is closed
	log    string
}

// spawn starts a child whose output goes to a log. The thread that forks it is kept, because its end would end
// the child.
func spawn(cmd *exec.Cmd, log string) *process {
	p := &process{ended: make(chan struct{}), log: log}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	check(err)
	defer file.Close()
	cmd.Stdout, cmd.Stderr = file, file
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.result = cmd.Wait()
			close(p.ended)
		}
	}()
	check(<-started)
	p.Process = cmd.Process
	return p
}

// command runs to its end, and returns what it printed.
func command(ctx context.Context, environment []string, credential *syscall.Credential, name string, arguments ...string) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C"}, environment...)
	cmd.SysProcAttr = childAttributes(credential)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w: %s", filepath.Base(name), arguments, err, out)
	}
	return string(out), nil
}

// running reports whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// endsWithin reports whether the process ends in time.
func (p *process) endsWithin(limit time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// kill sends SIGKILL and waits. It may be called again.
func (p *process) kill() {
	_ = p.Process.Kill() // fails if it has ended
	<-p.ended
}

func (p *process) lastWords() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-2000):])
}

// family returns a process and its children.
func family(pid int) []int {
	pids := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	check(err)
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// The name, in brackets, may have blanks in it.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if parent, _ := strconv.Atoi(fields[1]); parent == pid {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			check(err)
			pids = append(pids, child)
		}
	}
	return pids
}

// signalFamily signals a process of ours and its children. The process is stopped first, so that it makes no
// more of them.
func signalFamily(pid int, signal syscall.Signal) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	for _, one := range family(pid) {
		_ = syscall.Kill(one, signal) // fails if it has ended meanwhile
	}
}

// unprivileged returns the account for programs that refuse root, nil if this is not root.
func unprivileged() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
			gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
			check(uidErr)
			check(gidErr)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	panic("root has no account to run Postgres: make a user postgres")
}

// ownedDir makes a directory for that account.
func ownedDir(path string) {
	check(os.MkdirAll(path, 0o700))
	if account := unprivileged(); account != nil {
		check(os.Chown(path, int(account.Uid), int(account.Gid)))
	}
}

// nextPort is the next port to try. Connections take theirs from a range above, so that none takes a port while a
// server is being started again on it.
var nextPort = rand.IntN(12000)

// freePort returns a port that nothing listens on, another one each time.
func freePort() int {
	for {
		nextPort++
		port := 20000 + nextPort%12000
		if listener, err := net.Listen("tcp", loopback(port)); err == nil {
			listener.Close()
			return port
		}
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
