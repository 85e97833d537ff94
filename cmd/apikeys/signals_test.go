package main

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// inFlight is a request whose handler is waiting for the body.
type inFlight struct {
	conn net.Conn
	in   *bufio.Reader
}

// body is the body that the request in flight still lacks.
const body = `{"name":"k"}`

func (p *process) publicAddr() string {
	return regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(p.create)
}

// hold sends a request without its body, and returns when its handler is waiting
// for the body, which 100 Continue shows. The service cannot drain until the request is finished.
func (p *process) hold(t *testing.T) inFlight {
	t.Helper()
	conn, err := net.Dial("tcp", p.publicAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	bearer := regexp.MustCompile(`Authorization: Bearer [^']+`).FindString(p.create)
	_, err = conn.Write([]byte("POST /web/v1/workspaces/demo/api-keys HTTP/1.1\r\nHost: x\r\n" + bearer + "\r\n" +
		"Content-Type: application/json\r\nX-Client-Hash: d\r\nX-Workspace-Id: demo\r\n" +
		"Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := in.ReadString('\n'); err != nil || line != want {
			t.Fatalf("%q, %v, want %q", line, err, want)
		}
	}
	return inFlight{conn: conn, in: in}
}

// finish sends the body, and expects the response to it.
func (f inFlight) finish(t *testing.T) {
	t.Helper()
	if _, err := f.conn.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(f.in, nil)
	if err != nil {
		t.Fatalf("the request was cut off: %v", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Errorf("the request was answered %d", res.StatusCode)
	}
}

func (p *process) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// awaitDrain returns when the service no longer accepts connections.
func (p *process) awaitDrain(t *testing.T) {
	t.Helper()
	for {
		probe, err := net.Dial("tcp", p.publicAddr())
		if err != nil {
			return
		}
		probe.Close()
	}
}

// notIgnoringSIGHUP makes processes start with the default action of SIGHUP, even
// if the tests run under nohup.
func notIgnoringSIGHUP(t *testing.T) {
	t.Helper()
	if signal.Ignored(syscall.SIGHUP) {
		relayed := make(chan os.Signal, 1)
		signal.Notify(relayed, syscall.SIGHUP) // os/exec gives children the default effect of what is relayed
		t.Cleanup(func() { signal.Stop(relayed) })
	}
}

// nohup makes a command start with SIGHUP ignored.
func nohup(t *testing.T) func(*exec.Cmd) {
	t.Helper()
	apikeys := filepath.Join(t.TempDir(), "apikeys")
	shell, err := exec.LookPath("sh")
	if err := errors.Join(err, os.Symlink(self(t), apikeys)); err != nil {
		t.Fatal(err)
	}
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", `trap '' HUP; exec "$0" "$@"`, apikeys}, cmd.Args[1:]...)
	}
}

func TestServe_DrainsOnSignals(t *testing.T) { //nolint:paralleltest // the effect of SIGHUP is one of the process
	notIgnoringSIGHUP(t)
	for name, tc := range map[string]struct {
		start  []func(*exec.Cmd)
		before []os.Signal // ignored
		first  os.Signal
		then   []os.Signal // while it drains
	}{
		"SIGINT":  {first: os.Interrupt},
		"SIGTERM": {first: syscall.SIGTERM},
		"SIGHUP":  {first: syscall.SIGHUP},
		// The kernel and the shell both send one when a terminal is closed.
		"SIGHUP twice":            {first: syscall.SIGHUP, then: []os.Signal{syscall.SIGHUP}},
		"SIGHUP while it drains":  {first: syscall.SIGTERM, then: []os.Signal{syscall.SIGHUP}},
		"SIGTERM, SIGHUP ignored": {start: []func(*exec.Cmd){nohup(t)}, before: []os.Signal{syscall.SIGHUP}, first: syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := startDev(t, filepath.Join(t.TempDir(), "dev"), tc.start...)
			request := service.hold(t)
			for _, sig := range tc.before {
				service.signal(t, sig)
			}
			service.signal(t, tc.first)
			service.awaitDrain(t)
			for _, sig := range tc.then {
				service.signal(t, sig)
			}
			request.finish(t)
			if err := service.cmd.Wait(); err != nil {
				t.Errorf("it did not end cleanly: %v\n%s", err, service.stderr)
			}
		})
	}
}

func TestServe_EndsImmediatelyOnASecondSignal(t *testing.T) {
	t.Parallel()
	service := startDev(t, filepath.Join(t.TempDir(), "dev"))
	service.hold(t)
	service.signal(t, syscall.SIGTERM)
	service.awaitDrain(t)
	service.signal(t, syscall.SIGTERM)
	_ = service.cmd.Wait()
	if status := service.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by itself: %v\n%s", service.cmd.ProcessState, service.stderr)
	}
}

// Each request below is logged. systemd-journald, or a process at the other end of
// a pipe, may exit while the service runs.
func TestServe_OutlivesTheReaderOfItsLog(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	service := startDev(t, filepath.Join(t.TempDir(), "dev"), func(cmd *exec.Cmd) { cmd.Stderr = writer })
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		res, err := http.Get("http://" + service.publicAddr() + "/nowhere")
		if err != nil {
			t.Fatalf("%v\nthe service ended: %v", err, service.cmd.Wait())
		}
		res.Body.Close()
	}
	service.stop(t)
}
