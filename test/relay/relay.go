// Package relay stands between a client and a TCP server, for tests of what
// happens when it does not carry everything.
package relay

import (
	"context"
	"net"
	"net/url"
	"testing"
)

// Fate is what becomes of a piece.
type Fate int

// The fates of a piece.
const (
	Pass    Fate = iota
	Swallow      // it vanishes, and the connection stays open
	HangUp       // it vanishes, and both ends are closed
)

// Watch judges what one end of a connection sends, in pieces as they come.
type Watch func(piece []byte) Fate

// Watches are those of one connection; nil lets everything pass.
type Watches struct{ Sent, Answered Watch }

// Before relays to the server of databaseURL until the test ends, and returns
// the URL to use instead. Each connection has the watches that accept returns.
func Before(t testing.TB, databaseURL string, accept func() Watches) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	server := u.Host
	u.Host = listener.Addr().String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go carry(t.Context(), client, server, accept())
		}
	}()
	return u.String()
}

// carry ends when either side does.
func carry(ctx context.Context, client net.Conn, server string, w Watches) {
	defer client.Close()
	backend, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		return
	}
	defer backend.Close()
	go func() {
		defer client.Close()
		defer backend.Close()
		pass(backend, client, w.Sent)
	}()
	pass(client, backend, w.Answered)
}

func pass(to, from net.Conn, watch Watch) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		fate := Pass
		if watch != nil {
			fate = watch(buf[:n])
		}
		switch fate {
		case HangUp:
			return
		case Swallow:
			continue
		case Pass:
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
