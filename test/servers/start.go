package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/logbook"
)

// patience bounds how long a server may take to start or to stop.
const patience = time.Minute

// Process is a running server.
type Process struct {
	cmd    *exec.Cmd
	output logbook.Book
	ended  chan struct{} // closed when the process has ended
}

// Command returns a command that runs the server with the given name; see
// [Find].
func Command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	// Not killed when the context of the test ends: the cleanup stops it.
	return exec.CommandContext(context.WithoutCancel(t.Context()), Find(t, name), args...)
}

// Start runs cmd, a server that stays in the foreground, and returns when it
// accepts connections at addr, a host and port. The server stops with the test,
// and on Linux also when the test binary is killed. What it prints is in the
// log of a test that fails.
func Start(t testing.TB, cmd *exec.Cmd, addr string) *Process {
	t.Helper()
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = childOfThread()
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop(t)
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Path, p.Output())
		}
	})
	if err := p.accepts(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	return p
}

// run starts the process on a thread that lives as long as the process, since
// Linux ends a child with the thread that started it.
func (p *Process) run() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // most servers report the signal that stops them
			close(p.ended)
		}
	}()
	return <-started
}

// accepts waits until the process accepts a connection at addr.
func (p *Process) accepts(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-retry.C:
		case <-p.ended:
			return fmt.Errorf("%s ended before it accepted connections", p.cmd.Path)
		case <-ctx.Done():
			return fmt.Errorf("%s does not accept connections: %w", p.cmd.Path, err)
		}
	}
}

// Stop stops the server by SIGTERM and returns when it has ended. It may be
// called more than once.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Errorf("%s did not stop and was killed", p.cmd.Path)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// Output returns what the server has printed so far.
func (p *Process) Output() string { return p.output.String() }

// FreeAddr returns a loopback address that no process listens on. Its port is below the
// ephemeral ports of Linux and macOS.
func FreeAddr(t testing.TB) string {
	t.Helper()
	const first, last = 15000, 32000
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(last-first))) //nolint:gosec // a port is not a secret
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err == nil {
			err = l.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return addr
	}
	t.Fatal("no free port on 127.0.0.1")
	return ""
}
