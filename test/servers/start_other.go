//go:build !linux

package servers

import "syscall"

// childOfThread returns the attributes of a child. These systems cannot end it
// with the thread that started it.
func childOfThread() *syscall.SysProcAttr { return nil }
