package db

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// childAttributes run a child as account, away from the terminal's Ctrl-C, which the server must get first to end its
// requests. If this process dies, SIGINT makes Postgres shut down fast: it cuts its connections, but leaves nothing to
// recover as SIGQUIT would.
func childAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true, Pdeathsig: syscall.SIGINT}
}

// isPostmaster tells whether process pid is the living Postgres of cluster: it works there until it has closed its files.
func isPostmaster(pid int, cluster string) bool {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	works, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	owns, err := os.Stat(cluster)
	return err == nil && os.SameFile(works, owns) && bytes.HasPrefix(name, []byte("postgres"))
}
