package postgres

import (
	"context"
	"net"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// statementLimit is how long the server may be silent, or deaf, before a
// connection is given up.
const statementLimit = 3 * time.Second

// untilDone returns what f returns, or an error that wraps
// domain.ErrUnavailable as soon as ctx ends. lib/pq does not stop reading
// from a host that fell silent when the context ends, so f is left behind
// then; the limit of its connection ends it.
func untilDone[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, sqlkit.Unavailable(err)
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, sqlkit.Unavailable(ctx.Err())
	}
}

// boundedDialer dials connections that fail when one read or write takes
// longer than limit.
type boundedDialer struct{ limit time.Duration }

func (d boundedDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d boundedDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d boundedDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return boundedConn{Conn: conn, limit: d.limit}, nil
}

type boundedConn struct {
	net.Conn
	limit time.Duration
}

func (c boundedConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c boundedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
