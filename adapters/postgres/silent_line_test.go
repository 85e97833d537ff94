package postgres

import (
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
)

// silentLine is a way to a database that can fall silent: connections stay
// open, and nothing comes through those there were.
type silentLine struct {
	dsn      string
	silent   atomic.Bool
	accepted atomic.Int64 // connections so far
	// swallowed receives when something did not come through; some are left out.
	swallowed chan struct{}
}

func newSilentLine(t *testing.T, dsn string) *silentLine {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	server := u.Host
	u.Host = listener.Addr().String()
	l := &silentLine{dsn: u.String(), swallowed: make(chan struct{}, 1)}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			l.accepted.Add(1)
			go l.carry(client, server)
		}
	}()
	return l
}

func (l *silentLine) carry(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	go func() {
		_, _ = io.Copy(backend, client)
		_ = backend.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := backend.Read(buf)
		if err != nil {
			return
		}
		if l.silent.Load() {
			select {
			case l.swallowed <- struct{}{}:
			default:
			}
			continue // for good: what follows would make no sense
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
