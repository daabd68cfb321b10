//go:build !linux

package main

import "syscall"

// childAttributes run a child as the account, in a process group of its own.
func childAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true}
}
