//go:build unix && !linux

package pgtest

import "syscall"

// childOf returns the attributes of a child that runs as user. These systems cannot
// stop the child when this process dies; the sweep of the next run stops it.
func childOf(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user}
}
