package fault

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// A server may close an idle connection at any time (RFC 9112 section 9.5);
// this one does after 5 s without a first request. The client must then
// reconnect.
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

// A connection that breaks within a response, or immediately, is an error: only
// the service knows whether the request was carried out.
func TestCheapLine_DoesNotResendOnceAResponseHasBegun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begun string // the beginning of the response
		open  bool   // the connection was open before the request
	}{
		"a response that ends within its first line": {"HTTP/1.1 2", true},
		"a new connection":                           {"", false},
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

// breakConnections closes each connection after that part of a response, until
// the listener is closed. It returns the number of connections.
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
