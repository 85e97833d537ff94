package pgtest

import "syscall"

// childOf returns the attributes of a child that runs as user and is stopped like in
// a crash when this process dies.
func childOf(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user, Pdeathsig: syscall.SIGQUIT}
}
