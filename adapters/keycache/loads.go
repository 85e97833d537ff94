package keycache

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// Bounds of reads from the store.
const (
	loadTimeout   = 2 * time.Second
	rereadTimeout = 200 * time.Millisecond
	// concurrentLoads and concurrentRereads leave some of a store's connections
	// to others, so that a flood of made-up identifiers cannot starve them.
	concurrentLoads   = 8
	concurrentRereads = 4
	// waitingLoads is how many more may wait for their turn.
	waitingLoads = 4096
)

// MaximumReads is how many reads of a cache are under way at most. A store
// that can serve more at once has some to spare for all else.
const MaximumReads = concurrentLoads + concurrentRereads

// errNotRead says that the store was not asked, or its answer not waited for:
// which proves nothing about the store.
var errNotRead = fmt.Errorf("not read: %w", domain.ErrUnavailable)

// loads reads each key once at a time, and only so many at once.
type loads struct {
	flights *singleflight.Group
	slots   chan struct{}
	pending *atomic.Int64
}

func newLoads(atOnce int) loads {
	return loads{
		flights: new(singleflight.Group),
		slots:   make(chan struct{}, atOnce),
		pending: new(atomic.Int64),
	}
}

// do runs load, or waits for one under way that has the same name. The load
// has its own deadline, since others may be waiting for it when the caller
// that began it has gone.
func (l loads) do(ctx context.Context, name string, timeout time.Duration, load func(context.Context) (*application.KnownKey, error)) (*application.KnownKey, error) {
	flight := l.flights.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		if err := l.acquire(ctx); err != nil {
			return nil, err
		}
		defer l.release()
		return contained(ctx, load)
	})
	select {
	case result := <-flight:
		known, _ := result.Val.(*application.KnownKey)
		return known, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a key: %w: %w", errNotRead, ctx.Err())
	}
}

// contained turns a panic of load, which runs where no caller could recover
// it, into an error.
func contained(ctx context.Context, load func(context.Context) (*application.KnownKey, error)) (known *application.KnownKey, err error) {
	err = application.Contained("reading a key", func() (err error) {
		known, err = load(ctx)
		return err
	})
	return known, err
}

func (l loads) acquire(ctx context.Context) error {
	if l.pending.Add(1) > int64(cap(l.slots))+waitingLoads {
		l.pending.Add(-1)
		return fmt.Errorf("too many keys are being read: %w", errNotRead)
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		l.pending.Add(-1)
		return fmt.Errorf("wait for other reads: %w: %w", errNotRead, ctx.Err())
	}
}

func (l loads) release() {
	<-l.slots
	l.pending.Add(-1)
}
