package ratelimit

import (
	"sync"
	"time"
)

// steadyClock tells how much time has passed by a clock that may be set. What
// that is set back counts as no time at all: a bucket that was emptied at the
// later time would else stay empty until it is that late again.
type steadyClock struct {
	now func() time.Time

	mu     sync.Mutex // guards what follows
	read   time.Time  // from now, last
	passed time.Duration
}

func newSteadyClock(now func() time.Time) *steadyClock { return &steadyClock{now: now, read: now()} }

// NowNano implements otter.Clock.
func (c *steadyClock) NowNano() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	// More than a bucket is remembered for makes no difference, and could not be added up.
	c.passed += min(max(now.Sub(c.read), 0), forgotten)
	c.read = now
	return int64(c.passed)
}

// Now returns what NowNano does as a time, of no particular day.
func (c *steadyClock) Now() time.Time { return time.Unix(0, c.NowNano()) }

// Tick implements otter.Clock.
func (c *steadyClock) Tick(d time.Duration) <-chan time.Time { return time.Tick(d) }
