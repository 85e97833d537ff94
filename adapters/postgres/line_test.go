package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func newTestLine(t *testing.T) (l *line, peer net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return &line{Conn: near, limit: time.Minute}, far
}

func TestLine_FailsAReadInFlightWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(t)
	ctx, end := context.WithCancel(t.Context())
	defer l.closeAfter(ctx)()
	go end()
	if _, err := l.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Read returns %v, want ErrClosedPipe", err)
	}
}

func TestLine_FailsForGoodAfterItsContextEnded(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(t)
	l.abort()
	for range 2 {
		if _, err := l.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Read returns %v, want ErrClosedPipe", err)
		}
		if _, err := l.Write([]byte("?")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Write returns %v, want ErrClosedPipe", err)
		}
	}
}

func TestLine_FailsAReadThatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newTestLine(t)
		begun := time.Now()
		if _, err := l.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != l.limit {
			t.Errorf("Read returns %v after %v, want ErrDeadlineExceeded after %v", err, time.Since(begun), l.limit)
		}
		begun = time.Now()
		if _, err := l.Write([]byte("?")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != l.limit {
			t.Errorf("Write returns %v after %v, want ErrDeadlineExceeded after %v", err, time.Since(begun), l.limit)
		}
	})
}

func TestLine_IsClosedOnlyByAContextThatEndsFirst(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ first, closed bool }{
		"the context ends before the work": {first: true, closed: true},
		"the context ends after the work":  {first: false, closed: false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := newTestLine(t)
			ctx, end := context.WithCancel(t.Context())
			stop := l.closeAfter(ctx)
			if c.first {
				end()
			}
			stop()
			end()
			if got := l.closed.Load(); got != c.closed {
				t.Errorf("the line is closed: %v, want %v", got, c.closed)
			}
		})
	}
}

func TestPromptConn_IsNotUsedAgainAfterItsLineWasClosed(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(t)
	conn := promptConn{serverConn: sound{}, line: l, sessions: new(sessions), made: time.Now()}
	if !conn.IsValid() {
		t.Error("a sound connection is discarded")
	}
	l.abort() // by a context that ended right after the response
	if conn.IsValid() {
		t.Error("a connection whose line was closed is used again")
	}
}

// sound is a connection that has not failed.
type sound struct{ serverConn }

func (sound) IsValid() bool { return true }
