package embedded

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// childAttributes run a child as the account, in a process group of its own: Ctrl-C must reach only the
// server, which first ends its requests. When this process dies, Postgres gets SIGINT, a fast shutdown:
// SIGQUIT would leave a recovery to do.
func childAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true, Pdeathsig: syscall.SIGINT}
}

// isPostmaster reports whether a process is the living Postgres of a cluster: that is its working directory
// until it has closed its files.
func isPostmaster(pid int, cluster string) bool {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	workDir, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	dir, err := os.Stat(cluster)
	return err == nil && os.SameFile(workDir, dir) && bytes.HasPrefix(name, []byte("postgres"))
}
