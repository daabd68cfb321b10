package main

import "syscall"

// childAttributes run a child as the account, in a process group of its own. It dies with the harness.
func childAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
