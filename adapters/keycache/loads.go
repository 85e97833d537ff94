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

// MaximumReads is how many reads of a cache are in progress at most, abandoned
// ones included. A store that can serve more at once has some to spare for all
// else.
const MaximumReads = concurrentLoads + concurrentRereads

// errNotRead says that the store was not asked for this key, or that the caller
// left before its answer came. It says nothing about the store.
var errNotRead = fmt.Errorf("not read: %w", domain.ErrUnavailable)

// Both say that the store has failed the caller: it was asked and did not
// answer in time, or it was not asked because it answered nobody.
var (
	errTooSlow = fmt.Errorf("the store did not answer in time: %w", domain.ErrUnavailable)
	errSilent  = fmt.Errorf("the store answers no read: %w", domain.ErrUnavailable)
)

// load reads one key.
type load func(context.Context) (*application.KnownKey, error)

// loads reads each key once at a time, and at most atOnce keys at a time. A
// read that the store does not finish in time is abandoned: its callers get an
// error, and it keeps its place until it ends. So however long a store hangs,
// no more than atOnce reads hang with it.
type loads struct {
	timeout  time.Duration
	atOnce   int64
	flights  singleflight.Group
	places   *semaphore.Weighted // first come, first served
	waited   atomic.Int64        // flights that callers may be waiting for
	answered atomic.Uint64       // reads that the store has answered
}

func newLoads(atOnce int64, timeout time.Duration) *loads {
	return &loads{timeout: timeout, atOnce: atOnce, places: semaphore.NewWeighted(atOnce)}
}

// do runs load, or waits for one in flight under the same name. It returns
// within the timeout, whatever load does.
func (l *loads) do(ctx context.Context, name string, load load) (*application.KnownKey, error) {
	// The flight outlives its first caller: others may be waiting for it.
	unbound := context.WithoutCancel(ctx)
	landed := l.flights.DoChan(name, func() (any, error) { return l.fly(unbound, load) })
	select {
	case result := <-landed:
		known, _ := result.Val.(*application.KnownKey)
		return known, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a key: %w: %w", errNotRead, ctx.Err())
	}
}

// fly waits for a place to read and reads.
func (l *loads) fly(ctx context.Context, load load) (*application.KnownKey, error) {
	defer l.waited.Add(-1)
	if l.waited.Add(1) > l.atOnce+waitingLoads {
		return nil, fmt.Errorf("too many keys are being read: %w", errNotRead)
	}
	deadline := time.Now().Add(l.timeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	before := l.answered.Load()
	if err := l.places.Acquire(ctx, 1); err != nil {
		return nil, l.unread(before, err)
	}
	if !time.Now().Before(deadline) { // the place came too late for the store to be asked
		l.places.Release(1)
		return nil, l.unread(before, context.DeadlineExceeded)
	}
	return l.read(ctx, load)
}

// unread returns why a flight got no place in time. A store that is silent
// keeps every place, so most flights are never read for: if it has answered no
// read since, it has failed this one too. If it has answered another, that
// proves nothing about this one: a flood could otherwise bring back a key that
// was withdrawn.
func (l *loads) unread(before uint64, err error) error {
	if l.answered.Load() == before {
		return errSilent
	}
	return fmt.Errorf("wait for other reads: %w: %w", errNotRead, err)
}

// read runs load until it ends or ctx does. It gives its place back when load
// ends, which may be later.
func (l *loads) read(ctx context.Context, load load) (*application.KnownKey, error) {
	type outcome struct {
		known *application.KnownKey
		err   error
	}
	ended := make(chan outcome, 1)
	go func() {
		defer l.places.Release(1)
		known, err := contained(ctx, load)
		if !errors.Is(err, domain.ErrUnavailable) {
			l.answered.Add(1)
		}
		ended <- outcome{known, err}
	}()
	select {
	case o := <-ended:
		return o.known, o.err
	case <-ctx.Done():
		return nil, errTooSlow
	}
}

// contained turns a panic of load, which runs where no caller could recover
// it, into an error.
func contained(ctx context.Context, load load) (known *application.KnownKey, err error) {
	err = application.Contained("reading a key", func() (err error) {
		known, err = load(ctx)
		return err
	})
	return known, err
}

// inFlight returns how many reads callers may be waiting for.
func (l *loads) inFlight() int { return int(l.waited.Load()) }
