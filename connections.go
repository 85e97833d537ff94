package apikeys

import (
	"context"
	"net"
	"sync"

	"golang.org/x/sync/semaphore"
)

// limited accepts no more connections from l than may be open: further ones
// wait in the queue of the system.
func (b bounds) limited(l net.Listener) net.Listener {
	if b.connections == 0 {
		return l
	}
	open, shut := context.WithCancel(context.Background())
	return &limitedListener{Listener: l, free: semaphore.NewWeighted(int64(b.connections)), open: open, shut: shut}
}

type limitedListener struct {
	net.Listener
	free *semaphore.Weighted
	open context.Context
	shut context.CancelFunc
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	if l.free.Acquire(l.open, 1) != nil {
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		l.free.Release(1)
		return nil, err
	}
	return &counted{Conn: conn, release: sync.OnceFunc(func() { l.free.Release(1) })}, nil
}

// Close implements net.Listener.
func (l *limitedListener) Close() error {
	l.shut()
	return l.Listener.Close()
}

// counted is a connection that makes room for another when it is closed.
type counted struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite ends what is sent. net/http does so before it closes a connection
// whose request it has not read to its end, and waits: else the client would
// lose the answer to it.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
