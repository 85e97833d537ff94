package limits

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// flight is a request to the store for one bucket, which all checks of the bucket share.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// await waits for the end of the request.
func (f *flight) await(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
	}
}

// share returns how much of a limit is leased at a time.
func share(limit *domain.Limit) int64 { return max(limit.Max/sharesOfLimit, 1) }

// request starts a request for what the bucket lacks to spend need, or returns the one
// in flight. Unless lease is set, the request leases nothing and only reads the count.
func (b *bucket) request(l *Limiter, k *key, limit *domain.Limit, need int64, now time.Time, lease bool) *flight {
	if b.flight != nil {
		return b.flight
	}
	request := ports.LeaseRequest{Bucket: b.id, Max: limit.Max, Seen: b.last}
	if lease && need <= limit.Max && limit.Max >= b.max {
		request.Need = need
		if !b.ended(now) {
			request.Need = max(need-b.held, 0)
		}
		request.Want = max(request.Need, share(limit))
	}
	return b.send(l, k, request)
}

// prefetch requests the next share when half of one is left, so that checks need not
// wait for it. A limit whose share is a single unit is not prefetched, because that
// unit may stay unspent.
func (b *bucket) prefetch(l *Limiter, k *key, limit *domain.Limit) {
	size := share(limit)
	if size < 2 || b.held > size/2 || b.flight != nil || b.last.Total() >= limit.Max {
		return
	}
	b.send(l, k, ports.LeaseRequest{Bucket: b.id, Max: limit.Max, Want: size, Need: 1, Seen: b.last})
}

// giveBackExcess gives back what was leased for a high cost that another limit has
// refused, so that other replicas can spend it.
func (b *bucket) giveBackExcess(l *Limiter, limit *domain.Limit, now time.Time) {
	size := share(limit)
	excess := b.held - size - size/2
	if excess <= 0 || b.ended(now) || !l.mayGiveBack() {
		return
	}
	b.held -= excess
	b.back += excess
	shares := []ports.Share{{Bucket: b.id, Start: b.last.Start, Amount: excess}}
	if !l.start(func() { l.giveBack(shares) }) {
		l.leases.Release(1)
	}
}

func (b *bucket) send(l *Limiter, k *key, request ports.LeaseRequest) *flight {
	f := &flight{done: make(chan struct{})}
	if l.failing() {
		f.err = errFailing
		close(f.done)
		return f
	}
	started := l.start(func() {
		defer close(f.done)
		f.err = l.lease(b, k, request)
	})
	if !started {
		f.err = errClosed
		close(f.done)
		return f
	}
	b.flight = f
	return f
}

var errClosed = fmt.Errorf("%w: the limiter is closed", domain.ErrUnavailable)

// errFailing is returned for a short time after a failure, so that not every check
// waits for a store that does not respond.
var errFailing = fmt.Errorf("%w: the store of limits has just failed", domain.ErrUnavailable)

func (l *Limiter) failing() bool {
	failed := l.failedAt.Load()
	return failed != nil && domain.Elapsed(*failed, l.now()) < retryAfter
}

// lease asks the store and puts the response into the bucket.
func (l *Limiter) lease(b *bucket, k *key, request ports.LeaseRequest) error {
	l.counters.requests.Add(1)
	l.keys.GetIfPresent(k.id) // counts as a use for the cache's eviction; checks do not look the key up
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	asked := l.now()
	response, err := l.ask(ctx, request)
	k.mu.Lock()
	defer k.mu.Unlock()
	b.flight = nil
	if err != nil {
		now := l.now()
		l.failedAt.Store(&now)
		l.counters.failures.Add(1)
		return err
	}
	l.failedAt.Store(nil)
	if !response.Start.Equal(b.last.Start) {
		l.counters.unspent.Add(uint64(max(b.held, 0)))
		b.held = 0
	}
	b.held += response.Granted
	b.back = 0
	b.last, b.asked, b.max = response, asked, request.Max
	return nil
}

func (l *Limiter) ask(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	if err := l.leases.Acquire(ctx, 1); err != nil {
		return ports.Lease{}, fmt.Errorf("%w: too many requests to the store of limits", domain.ErrUnavailable)
	}
	defer l.leases.Release(1)
	response, err := l.store.Lease(ctx, request)
	if err != nil && !errors.Is(err, domain.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	return response, err
}
