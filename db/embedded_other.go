//go:build !linux

package db

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// childAttributes run a child as account, away from the terminal's Ctrl-C, which the server must get first to end its
// requests.
func childAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true}
}

// isPostmaster tells whether process pid is the living Postgres of cluster: a postmaster keeps the arguments it got.
func isPostmaster(pid int, cluster string) bool {
	shown, err := exec.Command("ps", "-ww", "-o", "stat=,command=", "-p", strconv.Itoa(pid)).Output()
	line := strings.TrimSpace(string(shown))
	return err == nil && !strings.HasPrefix(line, "Z") && strings.Contains(line, "postgres -D "+cluster+" ")
}
