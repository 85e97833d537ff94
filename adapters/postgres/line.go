package postgres

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// boundedDialer dials connections that fail when one read or write takes
// longer than limit; 0 means no limit.
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
	l, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err // and not a nil *line, which is no nil net.Conn
	}
	return l, nil
}

func (d boundedDialer) dial(ctx context.Context, network, address string) (*line, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn, limit: d.limit, asked: address}, nil
}

// line is a connection that fails when one read or write takes longer than
// limit, and for good once it is cut.
type line struct {
	net.Conn
	limit time.Duration // 0: none
	asked string        // the address, as the driver wrote it
	isCut atomic.Bool
}

func (l *line) Read(p []byte) (int, error) {
	if err := l.allow(l.SetReadDeadline); err != nil {
		return 0, err
	}
	return l.Conn.Read(p)
}

func (l *line) Write(p []byte) (int, error) {
	if err := l.allow(l.SetWriteDeadline); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// allow sets a deadline. It looks after it has set one: a cut has told before
// this looks, or puts the past in place of what this set.
func (l *line) allow(setDeadline func(time.Time) error) error {
	var err error
	if l.limit > 0 {
		err = setDeadline(time.Now().Add(l.limit))
	}
	if l.isCut.Load() {
		err = setDeadline(past)
	}
	return err
}

// past is a deadline that has gone by.
var past = time.Unix(1, 0)

// cut makes what waits on the connection fail, and whatever follows.
func (l *line) cut() {
	l.isCut.Store(true)
	_ = l.SetDeadline(past) // of one that is closed nobody waits
}

// cutAfter cuts the connection when ctx ends, unless stop is called before. It
// is to be called once.
func (l *line) cutAfter(ctx context.Context) (stop func()) {
	forget := context.AfterFunc(ctx, l.cut)
	return func() {
		if !forget() {
			l.cut() // which may have begun, but must not be seen to come later
		}
	}
}
