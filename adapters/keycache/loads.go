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
	// concurrentLoads leaves most of a store's connections to others, so that
	// a flood of made-up identifiers cannot starve them.
	concurrentLoads = 16
	// waitingLoads is how many more may wait for their turn.
	waitingLoads = 4096
)

// loads reads each key once at a time, and only so many at once.
type loads struct {
	flights *atomic.Pointer[singleflight.Group]
	slots   chan struct{}
	pending *atomic.Int64
}

func newLoads() loads {
	l := loads{
		flights: new(atomic.Pointer[singleflight.Group]),
		slots:   make(chan struct{}, concurrentLoads),
		pending: new(atomic.Int64),
	}
	l.flights.Store(new(singleflight.Group))
	return l
}

// do runs load, or waits for one of the same key that is under way. The load
// has its own deadline, since others may be waiting for it when the caller
// that began it has gone.
func (l loads) do(ctx context.Context, id domain.KeyID, timeout time.Duration, load func(context.Context) (*application.KnownKey, error)) (*application.KnownKey, error) {
	flight := l.flights.Load().DoChan(string(id), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		if err := l.acquire(ctx); err != nil {
			return nil, err
		}
		defer l.release()
		return load(ctx)
	})
	select {
	case result := <-flight:
		known, _ := result.Val.(*application.KnownKey)
		return known, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a key: %w: %w", domain.ErrUnavailable, ctx.Err())
	}
}

func (l loads) acquire(ctx context.Context) error {
	if l.pending.Add(1) > concurrentLoads+waitingLoads {
		l.pending.Add(-1)
		return fmt.Errorf("too many keys are being read: %w", domain.ErrUnavailable)
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		l.pending.Add(-1)
		return fmt.Errorf("wait for other reads: %w: %w", domain.ErrUnavailable, ctx.Err())
	}
}

func (l loads) release() {
	<-l.slots
	l.pending.Add(-1)
}

// forget lets the next caller begin a load of its own even while an older one
// is under way, which may have read the key before it changed.
func (l loads) forget(id domain.KeyID) { l.flights.Load().Forget(string(id)) }

func (l loads) forgetAll() { l.flights.Store(new(singleflight.Group)) }
