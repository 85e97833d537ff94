package pgtest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

func TestServer_DiesWithAKilledTestBinary(t *testing.T) {
	t.Parallel()
	tmp := openTempDir(t)
	holder := rerun(t, tmp)
	holder.Env = append(holder.Env, holdVariable+"=1")
	holder.Stderr = os.Stderr
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err, holder.Wait())
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(loopback, strings.TrimSpace(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // it was killed, which is an error

	// The server hangs up when it ends, and only then.
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the server answers: %v", err)
	} else if !errors.Is(err, io.EOF) {
		t.Logf("hung up with %v", err)
	}
	sweep(tmp)
	if left := list(t, tmp); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
