package ratelimit

import (
	"sync"
	"time"
)

// steadyClock measures the time that has passed on a clock that may be set.
// Setting the clock back counts as no time: otherwise an empty bucket would not
// refill until the clock had caught up.
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
	// A longer step makes no difference, because buckets live no longer, and
	// the sum of several could overflow.
	c.passed += min(max(now.Sub(c.read), 0), bucketTTL)
	c.read = now
	return int64(c.passed)
}

// Now returns the same as NowNano, as a time; its date has no meaning.
func (c *steadyClock) Now() time.Time { return time.Unix(0, c.NowNano()) }

// Tick implements otter.Clock.
func (c *steadyClock) Tick(d time.Duration) <-chan time.Time { return time.Tick(d) }
