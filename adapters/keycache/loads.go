package keycache

import (
	"context"
	"errors"
	"fmt"
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

// MaximumReads is how many reads of a cache are under way at most. A store
// that can serve more at once has some to spare for all else.
const MaximumReads = concurrentLoads + concurrentRereads

// errNotRead says that the store was not asked, or its answer not waited for:
// which proves nothing about the store.
var errNotRead = fmt.Errorf("not read: %w", domain.ErrUnavailable)

// errSilent says that the store was not asked, since it answered nobody.
var errSilent = fmt.Errorf("the store answers no read: %w", domain.ErrUnavailable)

// loads reads each key once at a time, and only so many at once. Its readers
// are goroutines that end when nothing waits for them. A goroutine for each
// read would have to grow its stack each time, at a tenth of the cost of a read.
type loads struct {
	timeout time.Duration
	atOnce  int

	mu      sync.Mutex // guards what follows
	flights map[string]*flight
	waiting []*flight // for a reader, the first to come first
	readers int
	// answered counts the reads that the store has answered.
	answered uint64
}

func newLoads(atOnce int, timeout time.Duration) *loads {
	return &loads{atOnce: atOnce, timeout: timeout, flights: map[string]*flight{}}
}

// do runs load, or waits for one under way that has the same name.
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
	l.flights[name] = f
	if l.readers < l.atOnce {
		l.readers++
		go l.read(f)
	} else {
		l.waiting = append(l.waiting, f)
	}
	return f, nil
}

// read runs one flight after the other.
func (l *loads) read(f *flight) {
	for f != nil {
		f.fly()
		next := l.land(f)
		close(f.landed)
		f = next
	}
}

// land lets whoever asks from now on begin anew, and returns the next flight
// to run; nil: none waits.
func (l *loads) land(f *flight) (next *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.flights, f.name)
	l.count(f)
	if len(l.waiting) == 0 {
		l.readers--
		return nil
	}
	next, l.waiting[0] = l.waiting[0], nil
	l.waiting = l.waiting[1:]
	return next
}

// count is called with the lock held. A store that is silent keeps every reader
// for all its time, so that most who wait are never read for. Where it has
// answered nobody since f boarded, it has failed f too. Where it has answered
// one, that f was not read proves nothing: a flood could else bring back a key
// that was withdrawn.
func (l *loads) count(f *flight) {
	switch {
	case !errors.Is(f.err, domain.ErrUnavailable):
		l.answered++
	case !f.read && l.answered == f.answered:
		f.err = errSilent
	}
}

// underWay returns how many reads are under way or waiting.
func (l *loads) underWay() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.flights)
}
