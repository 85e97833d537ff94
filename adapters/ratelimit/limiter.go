package ratelimit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

const (
	// maximumBuckets bounds the names that are remembered at once.
	maximumBuckets = 64 << 10
	// forgotten is when a bucket that nobody has asked is dropped. It is full
	// after a minute, and a new one is as good; the cache may be a second off.
	forgotten = 62 * time.Second
)

// Limiter admits so many a minute under each name. It is safe for concurrent use.
type Limiter struct {
	perMinute int
	clock     *steadyClock
	// buckets are kept by a hash of the name, so that one takes the same room
	// however long its name is. It is nil where everything is admitted.
	buckets *otter.Cache[uint64, *rate.Limiter]
	seed    maphash.Seed
	refused atomic.Uint64
}

// New returns a limiter that admits perMinute under each name, in one go if
// they come so, and then as many as that makes for the time that passes. With
// 0 it admits everything. now may be set back.
func New(perMinute int, now func() time.Time) (*Limiter, error) {
	if perMinute < 0 {
		return nil, errors.New("a rate is not negative")
	}
	l := &Limiter{perMinute: perMinute, clock: newSteadyClock(now), seed: maphash.MakeSeed()}
	if perMinute == 0 {
		return l, nil
	}
	var err error
	l.buckets, err = otter.New(&otter.Options[uint64, *rate.Limiter]{
		MaximumSize:      maximumBuckets,
		ExpiryCalculator: otter.ExpiryAccessing[uint64, *rate.Limiter](forgotten),
		Clock:            l.clock,
	})
	if err != nil {
		return nil, fmt.Errorf("rate limit: %w", err)
	}
	return l, nil
}

// Take admits one more under name and returns 0, or else it returns how long
// it is until one more is admitted. What is refused counts for nothing: asking
// in vain makes nobody wait longer.
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
	return max(wait, 1) // another may have looked at a later clock in between
}

func (l *Limiter) bucket(name string) *rate.Limiter {
	bucket, _ := l.buckets.ComputeIfAbsent(maphash.String(l.seed, name), func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute), false
	})
	return bucket
}

// Refused returns how many were not admitted so far.
func (l *Limiter) Refused() uint64 { return l.refused.Load() }

// Close ends the limiter's background work.
func (l *Limiter) Close() {
	if l.buckets != nil {
		l.buckets.StopAllGoroutines()
	}
}
