package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for a process before it fails.
const patience = time.Minute

// process is a running "apikeys serve --dev" and the lines it has printed.
type process struct {
	cmd    *exec.Cmd
	kill   func()
	stderr *bytes.Buffer // to be read after exit only
	// The commands to paste.
	create, check string
}

// startDev starts the service in dir, on free ports, and returns when it has
// printed the commands to paste. The command can be changed before it starts.
func startDev(t *testing.T, dir string, change ...func(*exec.Cmd)) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, self(t), "serve", "--dev", "--dev-dir", dir), kill: cancel, stderr: &bytes.Buffer{}}
	p.cmd.Args[0] = "apikeys"
	p.cmd.Env = []string{raceAtOnce, "APIKEYS_ADDR=127.0.0.1:0", "APIKEYS_INTERNAL_ADDR=127.0.0.1:0"}
	p.cmd.Stderr = p.stderr
	for _, f := range change {
		f(p.cmd)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(patience, cancel)
	p.readLines(stdout)
	hung.Stop()
	if p.check == "" {
		t.Fatalf("it printed no lines to paste, and ended: %v\n%s", p.cmd.Wait(), p.stderr)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			cancel()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// readLines returns when it has read the last command to paste, or the end.
func (p *process) readLines(stdout io.Reader) {
	for lines := bufio.NewScanner(stdout); p.check == "" && lines.Scan(); {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "ANSWER="):
			p.create = line
		case strings.HasPrefix(line, "curl "):
			p.check = line
		}
	}
}

// stop sends SIGTERM and waits for a clean end.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(patience, p.kill).Stop()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("SIGTERM did not end it cleanly: %v\n%s", err, p.stderr)
	}
}

// paste runs lines in a POSIX shell as if they were pasted, and returns the
// output.
func paste(t *testing.T, path string, lines ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh")
	shell.Env = []string{raceAtOnce, "PATH=" + path}
	shell.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	shown, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("the shell failed: %v\n%s", err, shown)
	}
	return string(shown)
}

// self returns the path of the test binary, which acts as each of the commands of
// TestMain when it is called by that name.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
