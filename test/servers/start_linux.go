package servers

import "syscall"

// childOfThread returns the attributes of a child that ends with the thread
// that started it.
func childOfThread() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
