package keycache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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

// loads reads each key once at a time, and only so many at once. A read that
// the store does not end in time is abandoned: those who wait for it are told
// so, and it keeps its reader until it ends. So however long a store hangs, no
// more than atOnce reads hang with it.
//
// Readers are goroutines that end when nothing waits for them. A goroutine for
// each read would have to grow its stack each time, at a tenth of the cost of a
// read.
type loads struct {
	timeout time.Duration
	atOnce  int

	mu      sync.Mutex // guards what follows, and the flights
	flights map[string]*flight
	waiting []*flight // for a reader, the first to come first
	readers int
	// answered counts the reads that the store has answered.
	answered uint64
}

func newLoads(atOnce int, timeout time.Duration) *loads {
	return &loads{atOnce: atOnce, timeout: timeout, flights: map[string]*flight{}}
}

// do runs load, or waits for one in flight that has the same name. It returns
// within the timeout, whatever load does.
func (l *loads) do(ctx context.Context, name string, load load) (*application.KnownKey, error) {
	f, err := l.board(ctx, name, load)
	if err != nil {
		return nil, err
	}
	select {
	case <-f.landed:
		return f.known, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a key: %w: %w", errNotRead, ctx.Err())
	}
}

// board returns the flight with that name, which it begins if there is none.
func (l *loads) board(ctx context.Context, name string, load load) (*flight, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.flights[name]; f != nil {
		return f, nil
	}
	if len(l.waiting) == waitingLoads {
		return nil, fmt.Errorf("too many keys are being read: %w", errNotRead)
	}
	f := newFlight(ctx, name, load, l.timeout)
	f.answered = l.answered
	f.expiry = time.AfterFunc(l.timeout, func() { l.expire(f) })
	l.flights[name] = f
	if l.readers < l.atOnce {
		l.readers++
		f.read = true
		go l.read(f)
	} else {
		l.waiting = append(l.waiting, f)
	}
	return f, nil
}

// read runs one flight after the other.
func (l *loads) read(f *flight) {
	for f != nil {
		known, err := f.fly()
		f = l.next(f, known, err)
	}
}

// next lands f, unless it was given up, and returns the next flight to run, or
// nil if none waits.
func (l *loads) next(f *flight, known *application.KnownKey, err error) *flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !errors.Is(err, domain.ErrUnavailable) {
		l.answered++
	}
	l.land(f, known, err)
	for len(l.waiting) > 0 {
		next := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		if next.inTime() {
			next.read = true
			return next
		}
		l.land(next, nil, l.failure(next))
	}
	l.readers--
	return nil
}

// expire gives up a flight whose time is up.
func (l *loads) expire(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, f); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	l.land(f, nil, l.failure(f))
}

// land gives its first result to those who wait for f, and lets callers from
// now on begin anew. It is called with the lock held.
func (l *loads) land(f *flight, known *application.KnownKey, err error) {
	if f.over {
		return
	}
	f.over, f.known, f.err = true, known, err
	f.expiry.Stop()
	delete(l.flights, f.name)
	close(f.landed)
}

// failure returns why f has no result in time. A store that is silent keeps
// every reader for all its time, so that most flights are never read for. If it
// has answered nobody since f boarded, it has failed f too. If it has answered
// another, that f was not read proves nothing: a flood could otherwise bring
// back a key that was withdrawn. It is called with the lock held.
func (l *loads) failure(f *flight) error {
	switch {
	case f.read:
		return errTooSlow
	case l.answered == f.answered:
		return errSilent
	}
	return fmt.Errorf("wait for other reads: %w: %w", errNotRead, context.DeadlineExceeded)
}

// inFlight returns how many reads callers may be waiting for.
func (l *loads) inFlight() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.flights)
}
