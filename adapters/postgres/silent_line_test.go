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
	dsn    string
	silent atomic.Bool
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
	l := &silentLine{dsn: u.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
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
			continue // for good: what follows would make no sense
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
