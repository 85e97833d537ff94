package keycache

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// Limits of reads from the store.
const (
	loadTimeout   = 2 * time.Second
	rereadTimeout = 200 * time.Millisecond
	// concurrentLoads and concurrentRereads leave some of a store's connections
	// to other callers, so that a flood of made-up identifiers cannot starve
	// those.
	concurrentLoads   = 8
	concurrentRereads = 4
	// waitingLoads is how many further reads may wait for their turn.
	waitingLoads = 4096
)

// MaximumReads is the maximum number of reads in flight of a cache, including
// abandoned ones. A store should be able to serve more at once, for all other
// requests.
const MaximumReads = concurrentLoads + concurrentRereads

// errNotRead means that this key was not read from the store, or that the
// caller left before the result came. It does not mean that the store has
// failed.
var errNotRead = fmt.Errorf("not read: %w", domain.ErrUnavailable)

// Both mean that the store has failed: it did not respond in time, or it was not read
// because it responded to no other read either.
var (
	errTooSlow = fmt.Errorf("the store did not respond in time: %w", domain.ErrUnavailable)
	errSilent  = fmt.Errorf("the store responds to no read: %w", domain.ErrUnavailable)
)

// load reads one key, or something about one.
type load[V any] func(context.Context) (V, error)

// loads reads each key only once at a time, and at most atOnce keys concurrently. A
// read that the store does not finish in time is abandoned: its callers get an error,
// but it keeps its place until it ends. So however long a store hangs, no more than
// atOnce reads hang with it.
type loads[V any] struct {
	timeout  time.Duration
	atOnce   int64
	flights  singleflight.Group
	places   *semaphore.Weighted // first come, first served
	waited   atomic.Int64        // reads that callers may be waiting for
	answered atomic.Uint64       // reads to which the store responded
}

// flown is the result of a flight.
type flown[V any] struct{ value V }

func newLoads[V any](atOnce int64, timeout time.Duration) *loads[V] {
	return &loads[V]{timeout: timeout, atOnce: atOnce, places: semaphore.NewWeighted(atOnce)}
}

// do runs load, or waits for one with the same name that is in flight. It
// returns within the timeout, whatever load does.
func (l *loads[V]) do(ctx context.Context, name string, load load[V]) (V, error) {
	var none V
	// The flight may outlive its first caller, because others may be waiting
	// for it.
	unbound := context.WithoutCancel(ctx)
	landed := l.flights.DoChan(name, func() (any, error) {
		value, err := l.fly(unbound, load)
		return &flown[V]{value}, err
	})
	select {
	case result := <-landed:
		if flown, ok := result.Val.(*flown[V]); ok {
			return flown.value, result.Err
		}
		return none, result.Err
	case <-ctx.Done():
		return none, fmt.Errorf("waiting for a key: %w: %w", errNotRead, ctx.Err())
	}
}

// fly waits for a place to read and reads.
func (l *loads[V]) fly(ctx context.Context, load load[V]) (V, error) {
	var none V
	defer l.waited.Add(-1)
	if l.waited.Add(1) > l.atOnce+waitingLoads {
		return none, fmt.Errorf("too many keys are being read: %w", errNotRead)
	}
	deadline := time.Now().Add(l.timeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	before := l.answered.Load()
	if err := l.places.Acquire(ctx, 1); err != nil {
		return none, l.unread(before, err)
	}
	if !time.Now().Before(deadline) { // it is too late to read the store
		l.places.Release(1)
		return none, l.unread(before, context.DeadlineExceeded)
	}
	return l.read(ctx, load)
}

// unread returns the error of a flight that got no place in time. If the store has
// responded to no read since then, it counts as failed for this flight too: a silent
// store occupies every place, so most flights never get one. If it has responded to
// another read, it does not count as failed; otherwise a flood could bring back a
// revoked key from the cache.
func (l *loads[V]) unread(before uint64, err error) error {
	if l.answered.Load() == before {
		return errSilent
	}
	return fmt.Errorf("waiting for other reads: %w: %w", errNotRead, err)
}

// read runs load until it or ctx ends. It releases its place when load ends,
// which may be later.
func (l *loads[V]) read(ctx context.Context, load load[V]) (V, error) {
	type outcome struct {
		value V
		err   error
	}
	ended := make(chan outcome, 1)
	go func() {
		defer l.places.Release(1)
		value, err := contained(ctx, load)
		if !errors.Is(err, domain.ErrUnavailable) {
			l.answered.Add(1)
		}
		ended <- outcome{value, err}
	}()
	select {
	case o := <-ended:
		return o.value, o.err
	case <-ctx.Done():
		var none V
		return none, errTooSlow
	}
}

// contained turns a panic of load, which no caller could recover, into an
// error.
func contained[V any](ctx context.Context, load load[V]) (value V, err error) {
	err = application.Contained("reading a key", func() (err error) {
		value, err = load(ctx)
		return err
	})
	return value, err
}

// inFlight returns the number of reads that callers may be waiting for.
func (l *loads[V]) inFlight() int { return int(l.waited.Load()) }
