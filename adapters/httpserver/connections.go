package httpserver

import (
	"context"
	"net"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Limited returns a listener that accepts a connection from l only while fewer
// than connections are open; 0 means no limit.
func Limited(l net.Listener, connections int) net.Listener {
	if connections == 0 {
		return l
	}
	open, shut := context.WithCancel(context.Background())
	return &limitedListener{Listener: l, free: semaphore.NewWeighted(int64(connections)), open: open, shut: shut}
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

// counted is a connection that releases the semaphore when it is closed.
type counted struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite shuts down the writing side. net/http calls it before it closes a
// connection with an unread request body, so that the client still gets the
// response.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
