package pgtest

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child process that ends with this process.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the child has exited
	err   error         // the result; read it after ended is closed
}

// startProcess starts cmd. Because the kernel ties the child to the thread that
// started it, that thread is kept until the child has exited.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// end signals the child and waits until it has exited. If that takes longer than
// timeout, end kills the child and returns an error.
func (p *process) end(signal syscall.Signal, timeout time.Duration) error {
	_ = p.cmd.Process.Signal(signal) // an error means that it has exited
	select {
	case <-p.ended:
		return nil
	case <-time.After(timeout):
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("%s did not exit within %v and was killed", p.cmd.Path, timeout)
}
