package limits

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/semaphore"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Bounds that an operator has no reason to change.
const (
	// sharesOfLimit is how many shares a limit is leased in.
	sharesOfLimit = 100
	// leaseTimeout bounds one request to the store, and so how long a check waits.
	leaseTimeout = 500 * time.Millisecond
	// concurrentLeases bounds the requests in flight.
	concurrentLeases = 64
	// recheckAfter is how long a used-up bucket refuses before the store is asked
	// again. What another replica gives back is noticed only then.
	recheckAfter = time.Second
	// retryAfter is how long after a failure checks do not wait for the store.
	retryAfter = time.Second
	// giveBackTimeout bounds the return of what is left when the process stops.
	giveBackTimeout = 2 * time.Second
	giveBackAtOnce  = 1000
)

// Options are the parts of a [Limiter]. All are required.
type Options struct {
	Store ports.LimitStore
	Now   func() time.Time
	// MaximumKeys bounds the number of keys whose shares are held in memory. Beyond it,
	// the shares of keys that have not leased for a long time are given back.
	MaximumKeys int
	Logger      *slog.Logger
	// AllowUnjudged ignores rate limits that cannot be judged while the store does not
	// respond, instead of failing checks that need more than this process holds. Quotas
	// are never ignored.
	AllowUnjudged bool
}

// Limiter spends the limits of keys. It is safe for concurrent use.
type Limiter struct {
	store  ports.LimitStore
	now    func() time.Time
	logger *slog.Logger

	allowUnjudged bool

	keys     *otter.Cache[domain.KeyID, *key]
	leases   *semaphore.Weighted
	failedAt atomic.Pointer[time.Time] // nil unless the last request failed

	mu       sync.Mutex // guards closed, and inFlight against Close
	closed   bool
	inFlight sync.WaitGroup

	counters counters
}

// New returns a limiter that holds no shares.
func New(o Options) (*Limiter, error) {
	if o.MaximumKeys < 1 {
		return nil, errors.New("limits: room for at least one key is needed")
	}
	l := &Limiter{
		store:  o.Store,
		now:    o.Now,
		logger: o.Logger,
		leases: semaphore.NewWeighted(concurrentLeases),

		allowUnjudged: o.AllowUnjudged,
	}
	var err error
	l.keys, err = otter.New(&otter.Options[domain.KeyID, *key]{
		MaximumSize: o.MaximumKeys,
		OnDeletion:  func(e otter.DeletionEvent[domain.KeyID, *key]) { l.evict(e.Value) },
	})
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	return l, nil
}

// Spend spends cost from every limit of the key, or from none if one of them refuses,
// for a check that began at the given time. It returns the resulting states of the
// limits and the index of the first limit that refuses, or -1. A cost of 0 is judged as
// 1 and spends nothing.
//
// If the store does not respond, a quota allows what this process holds of it; for more
// than that, Spend returns an error that wraps [domain.ErrUnavailable]. Rate limits are
// treated like quotas, or ignored if [Options.AllowUnjudged] is set.
func (l *Limiter) Spend(ctx context.Context, key *application.LimitedKey, cost int64, at time.Time) (states []domain.LimitState, refusing int, err error) {
	var unjudged set
	k := l.held(key)
	for {
		answer := k.spend(l, key.Limits, cost, at, unjudged)
		switch {
		case answer.gone:
			k = l.renew(key, k)
			continue
		case answer.lacking == nil:
			if unjudged != 0 && answer.refusing < 0 {
				l.counters.unjudged.Add(1)
			}
			return answer.states, answer.refusing, nil
		}
		l.counters.waits.Add(1)
		for _, lack := range answer.lacking {
			err := lack.flight.await(ctx)
			switch {
			case err == nil:
			case ctx.Err() != nil || !l.allowUnjudged || key.Limits[lack.index].IsQuota():
				return nil, lack.index, err
			default:
				unjudged.add(lack.index)
			}
		}
		at = l.now()
	}
}

// States returns the states of the limits of the key for a check that began at the given
// time and that another rule has denied. It spends nothing. If the store does not
// respond, a limit whose state is unknown counts as unspent.
func (l *Limiter) States(ctx context.Context, key *application.LimitedKey, at time.Time) []domain.LimitState {
	k := l.held(key)
	for ask := true; ; ask = false {
		answer := k.look(l, key.Limits, at, ask)
		if answer.gone {
			k = l.renew(key, k)
			continue
		}
		if answer.lacking == nil {
			return answer.states
		}
		for _, lack := range answer.lacking {
			_ = lack.flight.await(ctx) // the states say as much as is known
		}
		at = l.now()
	}
}

// Look returns the states of the limits of the key as the store has them now, plus what
// this process holds. It changes nothing. The error wraps [domain.ErrUnavailable] if the
// store does not respond.
func (l *Limiter) Look(ctx context.Context, id domain.KeyID, limits []domain.Limit) ([]domain.LimitState, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	k, known := l.keys.GetIfPresent(id)
	states := make([]domain.LimitState, len(limits))
	for i, limit := range limits {
		seen := bucket{id: ports.Bucket{KeyID: id, Name: limit.Name, Window: limit.Window}, asked: l.now()}
		var err error
		if seen.last, err = l.store.Peek(ctx, ports.LeaseRequest{Bucket: seen.id, Max: limit.Max}); err != nil {
			return nil, fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
		}
		if known {
			k.addTo(&seen)
		}
		seen.state(&states[i], &limit, seen.asked)
	}
	return states, nil
}

// held returns the shares of a key that this process holds.
func (l *Limiter) held(of *application.LimitedKey) *key {
	if k, ok := of.Held.Load().(*key); ok {
		return k
	}
	return l.find(of)
}

// renew replaces a closed key.
func (l *Limiter) renew(of *application.LimitedKey, closed *key) *key {
	l.drop(closed)
	return l.find(of)
}

// find looks a key up, and adds it if it is not in memory.
func (l *Limiter) find(of *application.LimitedKey) *key {
	k, ok := l.keys.GetIfPresent(of.ID)
	if !ok {
		k, _ = l.keys.SetIfAbsent(of.ID, &key{id: of.ID})
	}
	of.Held.Store(k)
	return k
}

// drop removes a closed key, unless another has taken its place.
func (l *Limiter) drop(closed *key) {
	l.keys.ComputeIfPresent(closed.id, func(k *key) (*key, otter.ComputeOp) {
		if k == closed {
			return nil, otter.InvalidateOp
		}
		return k, otter.CancelOp
	})
}

// evict gives back what an evicted key holds.
func (l *Limiter) evict(k *key) {
	if shares := k.close(l.now()); len(shares) > 0 && l.mayGiveBack() {
		l.giveBack(shares)
	}
}

// mayGiveBack reserves a request for [Limiter.giveBack] and reports whether it could.
// While the store fails or is busy, it cannot, and shares stay unspent.
func (l *Limiter) mayGiveBack() bool { return !l.failing() && l.leases.TryAcquire(1) }

// giveBack gives shares back, and ends the reservation. It never repeats a request; see
// [ports.LimitStore].
func (l *Limiter) giveBack(shares []ports.Share) {
	defer l.leases.Release(1)
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	_ = l.store.GiveBack(ctx, shares)
}

// start runs f in a goroutine that Close waits for. It returns false if the limiter is
// closed.
func (l *Limiter) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.inFlight.Go(f)
	return true
}

// Close gives unspent shares back to the store, within at most 2 s. After Close the
// limiter sends no requests to the store.
func (l *Limiter) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), giveBackTimeout)
	defer cancel()
	l.inFlight.Wait()
	var shares []ports.Share
	for k := range l.keys.Values() {
		shares = append(shares, k.close(l.now())...)
	}
	for batch := range slices.Chunk(shares, giveBackAtOnce) {
		if err := l.store.GiveBack(ctx, batch); err != nil {
			l.logger.Warn("cannot give back unspent shares of limits; they stay unspent", "error", err)
			return
		}
	}
}
