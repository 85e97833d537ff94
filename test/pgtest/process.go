package pgtest

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child that dies with this one.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the child is gone
	err   error         // how it went; read after ended
}

// startProcess starts cmd. The kernel ties the child's life to the thread
// that made it, so that thread is kept until the child is gone.
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

// end signals the child and waits until it is gone. One that takes longer
// than the timeout is killed, which is an error.
func (p *process) end(signal syscall.Signal, timeout time.Duration) error {
	_ = p.cmd.Process.Signal(signal) // an error says that it has ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(timeout):
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("%s did not end within %v and was killed", p.cmd.Path, timeout)
}
