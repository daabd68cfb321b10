//go:build !linux

package embedded

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// childAttributes run a child as the account, in a process group of its own: Ctrl-C must reach only the
// server, which first ends its requests.
func childAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true}
}

// isPostmaster reports whether a process is the living Postgres of a cluster, by its command line.
func isPostmaster(pid int, cluster string) bool {
	shown, err := exec.Command("ps", "-ww", "-o", "stat=,command=", "-p", strconv.Itoa(pid)).Output()
	line := strings.TrimSpace(string(shown))
	return err == nil && !strings.HasPrefix(line, "Z") && strings.Contains(line, "postgres -D "+cluster+" ")
}
