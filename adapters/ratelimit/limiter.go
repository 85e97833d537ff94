package ratelimit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

const (
	// maxBuckets is the maximum number of buckets.
	maxBuckets = 64 << 10
	// bucketTTL is how long an unused bucket is kept. After a minute it is full, so a
	// new one is equivalent; the cache's clock may be a second off.
	bucketTTL = 62 * time.Second
)

// Limiter admits a fixed number of requests per minute under each name. It is
// safe for concurrent use.
type Limiter struct {
	perMinute int
	clock     *steadyClock
	// buckets is keyed by a hash of the name, so that a long name takes no more
	// memory than a short one. It is nil if everything is admitted.
	buckets *otter.Cache[uint64, *rate.Limiter]
	seed    maphash.Seed
	refused atomic.Uint64
}

// New returns a limiter that admits perMinute requests per minute under each
// name, in bursts of up to perMinute. If perMinute is 0, it admits everything.
// The clock now may be set back.
func New(perMinute int, now func() time.Time) (*Limiter, error) {
	if perMinute < 0 {
		return nil, errors.New("rate limit: rate must not be negative")
	}
	l := &Limiter{perMinute: perMinute, clock: newSteadyClock(now), seed: maphash.MakeSeed()}
	if perMinute == 0 {
		return l, nil
	}
	var err error
	l.buckets, err = otter.New(&otter.Options[uint64, *rate.Limiter]{
		MaximumSize:      maxBuckets,
		ExpiryCalculator: otter.ExpiryAccessing[uint64, *rate.Limiter](bucketTTL),
		Clock:            l.clock,
	})
	if err != nil {
		return nil, fmt.Errorf("rate limit: %w", err)
	}
	return l, nil
}

// Take returns 0 if it admits one more request under name, and otherwise the
// time until the next one will be admitted. A rejected request takes nothing
// from the bucket, so that retrying early does not lengthen the wait.
func (l *Limiter) Take(name string) time.Duration {
	if l.buckets == nil {
		return 0
	}
	bucket, now := l.bucket(name), l.clock.Now()
	if bucket.AllowN(now, 1) {
		return 0
	}
	l.refused.Add(1)
	missing := 1 - bucket.TokensAt(now)
	wait := time.Duration(missing / float64(bucket.Limit()) * float64(time.Second))
	return max(wait, 1) // a concurrent call may have used a later clock reading
}

func (l *Limiter) bucket(name string) *rate.Limiter {
	bucket, _ := l.buckets.ComputeIfAbsent(maphash.String(l.seed, name), func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute), false
	})
	return bucket
}

// Refused returns the number of requests rejected so far.
func (l *Limiter) Refused() uint64 { return l.refused.Load() }

// Close stops the limiter's background goroutines.
func (l *Limiter) Close() {
	if l.buckets != nil {
		l.buckets.StopAllGoroutines()
	}
}

// steadyClock measures elapsed time with a clock that may be set. When the clock is set
// back, no time has passed; otherwise an empty bucket would not refill until the clock
// had caught up.
type steadyClock struct {
	now func() time.Time

	mu     sync.Mutex // guards the fields below
	read   time.Time  // the last result of now
	passed time.Duration
}

func newSteadyClock(now func() time.Time) *steadyClock { return &steadyClock{now: now, read: now()} }

// NowNano implements otter.Clock.
func (c *steadyClock) NowNano() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	// A longer step makes no difference, because buckets do not live longer, and the
	// sum of several such steps could overflow.
	c.passed += min(max(now.Sub(c.read), 0), bucketTTL)
	c.read = now
	return int64(c.passed)
}

// Now returns the same as NowNano, as a time; its date has no meaning.
func (c *steadyClock) Now() time.Time { return time.Unix(0, c.NowNano()) }

// Tick implements otter.Clock.
func (c *steadyClock) Tick(d time.Duration) <-chan time.Time { return time.Tick(d) }
