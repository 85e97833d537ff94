package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

func newTestLine(t *testing.T) (l *line, peer net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return &line{Conn: near, limit: time.Minute}, far
}

func TestLine_CutEndsPendingCalls(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(t)
	ctx, end := context.WithCancel(t.Context())
	defer l.cutAfter(ctx)()
	go end()
	if _, err := l.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read gives %v", err)
	}
}

func TestLine_FailsForGoodOnceCut(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(t)
	l.cut()
	for range 2 {
		if _, err := l.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read gives %v", err)
		}
		if _, err := l.Write([]byte("?")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write gives %v", err)
		}
	}
}

func TestLine_IsCutOnlyByAContextThatEndsInTime(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		early bool // the context ends before the work does
		cut   bool
	}{
		"a context that ends before the work does":    {early: true, cut: true},
		"a context that ends when the work has ended": {early: false, cut: false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := newTestLine(t)
			ctx, end := context.WithCancel(t.Context())
			stop := l.cutAfter(ctx)
			if c.early {
				end()
			}
			stop()
			end()
			if got := l.isCut.Load(); got != c.cut {
				t.Errorf("the line is cut: %v, want %v", got, c.cut)
			}
		})
	}
}

func TestPromptConn_IsNotUsedAgainOnceCut(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(t)
	conn := promptConn{serverConn: sound{}, line: l, sessions: new(sessions), made: time.Now()}
	if !conn.IsValid() {
		t.Error("a sound connection is dropped")
	}
	l.cut() // by a context that ended right after the answer
	if conn.IsValid() {
		t.Error("a connection that was cut is used again")
	}
}

// sound is a connection that has met no trouble itself.
type sound struct{ serverConn }

func (sound) IsValid() bool { return true }
