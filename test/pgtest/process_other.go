//go:build unix && !linux

package pgtest

import "syscall"

// childOf returns the attributes of a child that runs as user. These systems
// cannot tie its life to ours: a server that outlived a killed run is ended by
// the sweep of the next.
func childOf(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user}
}
