// Package relay forwards TCP connections to a server, for tests of lost data and
// broken connections.
package relay

import (
	"context"
	"net"
	"net/url"
	"testing"
)

// Fate is the treatment of a piece of data.
type Fate int

// The fates.
const (
	Pass    Fate = iota // forward it
	Swallow             // discard it and keep the connection open
	HangUp              // discard it and close both connections
)

// Watch returns the fate of each piece of data that one end of a connection sends.
type Watch func(piece []byte) Fate

// Watches are the watches of one connection, for the data that the client and the
// server send. A nil Watch passes everything.
type Watches struct{ Sent, Answered Watch }

// Before starts a relay to the server of databaseURL and returns the URL to use
// instead. It calls accept for the watches of each connection. The relay runs until
// the test ends.
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

// carry relays a connection until either side closes it.
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
