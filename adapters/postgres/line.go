package postgres

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// line is a network connection that fails if one read or write takes longer than
// limit.
type line struct {
	net.Conn
	limit time.Duration // 0 means none
	// statements is the limit of a whole statement, for lines whose individual reads
	// and writes cannot be limited; 0 means none.
	statements time.Duration
	asked      string      // the address that lib/pq dialled
	closed     atomic.Bool // whether a context that ended has closed it
}

func (l *line) Read(p []byte) (int, error) {
	if l.limit > 0 {
		if err := l.SetReadDeadline(time.Now().Add(l.limit)); err != nil {
			return 0, err
		}
	}
	return l.Conn.Read(p)
}

func (l *line) Write(p []byte) (int, error) {
	if l.limit > 0 {
		if err := l.SetWriteDeadline(time.Now().Add(l.limit)); err != nil {
			return 0, err
		}
	}
	return l.Conn.Write(p)
}

// closeAfter closes the line when ctx ends, which fails reads and writes in
// flight, unless stop is called first. If ctx ends while stop is called, the line
// is closed when stop returns. It must be called only once.
func (l *line) closeAfter(ctx context.Context) (stop func()) {
	forget := context.AfterFunc(ctx, l.abort)
	return func() {
		if !forget() {
			l.abort()
		}
	}
}

func (l *line) abort() {
	l.closed.Store(true)
	_ = l.Close()
}

// closeWith is like closeAfter if ctx was marked by promptly, and otherwise does
// nothing. It returns the context for lib/pq, which must not watch a marked context as
// well.
func (l *line) closeWith(ctx context.Context) (forDriver context.Context, stop func()) {
	if ctx.Value(prompt{}) == nil {
		return ctx, func() {}
	}
	return context.WithoutCancel(ctx), l.closeAfter(ctx)
}

// closeAfterStatement closes the line unless stop is called within the limit for
// statements.
func (l *line) closeAfterStatement() (stop func()) {
	if l.statements == 0 {
		return func() {}
	}
	limit := time.AfterFunc(l.statements, l.abort)
	return func() { limit.Stop() }
}
