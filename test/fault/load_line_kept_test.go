package fault

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// The server may close a connection on which nothing is asked at any time
// (RFC 9112, section 9.5); this one does after 5 s without a first request. A
// client that meets it has to connect again.
func TestCheapLine_ReconnectsWhenTheServiceHasClosedAnIdleConnection(t *testing.T) {
	t.Parallel()
	w := start(t, "memory://")
	l := newCheapLine(t, w.internal)
	if err := l.dial(); err != nil {
		t.Fatal(err)
	}
	idle := time.Now()
	if n, err := l.conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("the service sent %d bytes, %v, on an idle connection", n, err)
	}
	t.Logf("the service closed an idle connection after %v", time.Since(idle))
	status, _, err := l.ask([]byte("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if status != 200 || err != nil {
		t.Errorf("ask() = %d, %v, want 200", status, err)
	}
}

// A connection that breaks within an answer, or at once, is an error: only the
// service can tell what became of the request.
func TestCheapLine_DoesNotResendOnceAResponseHasBegun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begun string // of the answer
		open  bool   // the connection, before the request
	}{
		"an answer that ends within its first line": {"HTTP/1.1 2", true},
		"a new connection":                          {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			accepted := make(chan int, 1)
			go func() { accepted <- breakConnections(listener, c.begun) }()
			l := newCheapLine(t, "http://"+listener.Addr().String())
			if c.open {
				if err := l.dial(); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := l.ask([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err == nil {
				t.Error("ask() succeeds")
			}
			listener.Close()
			if n := <-accepted; n != 1 {
				t.Errorf("the client connected %d times, want once", n)
			}
		})
	}
}

// breakConnections closes each connection after that much of an answer, until
// the listener is closed. It returns how many there were.
func breakConnections(listener net.Listener, begun string) (n int) {
	for ; ; n++ {
		conn, err := listener.Accept()
		if err != nil {
			return n
		}
		_, _ = conn.Read(make([]byte, 1024))
		_, _ = io.WriteString(conn, begun)
		conn.Close()
	}
}
