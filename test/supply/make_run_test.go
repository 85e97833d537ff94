package supply

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// printed collects output, and closes shown once it contains awaited.
type printed struct {
	text    strings.Builder
	awaited string
	shown   chan struct{}
	once    sync.Once
}

func (p *printed) Write(more []byte) (int, error) {
	n, err := p.text.Write(more)
	if strings.Contains(p.text.String(), p.awaited) {
		p.once.Do(func() { close(p.shown) })
	}
	return n, err
}

// A newcomer first sees that the program is being compiled, and stops it with Ctrl-C,
// which the terminal sends to every process of the group.
func TestMakeRun_PrintsProgressAndStopsOnCtrlC(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, "make", "-C", "../..", "--no-print-directory", "run",
		"ARGS=--addr=127.0.0.1:0 --internal-addr=127.0.0.1:0 --dev-dir="+filepath.Join(t.TempDir(), "dev"))
	run.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS=") // of the make that runs the tests
	})
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	run.Cancel = func() error { return syscall.Kill(-run.Process.Pid, syscall.SIGKILL) }
	out := &printed{awaited: "\ncurl ", shown: make(chan struct{})}
	run.Stdout, run.Stderr = out, out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	select {
	case <-out.shown:
	case err := <-ended:
		t.Fatalf("make run ended: %v\n%s", err, &out.text)
	}
	if err := syscall.Kill(-run.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := <-ended
	if status := run.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("make run ended with %v, want the interrupt\n%s", err, &out.text)
	}
	if strings.Contains(out.text.String(), "Error") {
		t.Errorf("make run ended with an error:\n%s", &out.text)
	}
	if first, _, _ := strings.Cut(out.text.String(), "\n"); !strings.HasPrefix(first, "Compiling") {
		t.Errorf("the first line is %q", first)
	}
}
