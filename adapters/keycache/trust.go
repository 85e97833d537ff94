package keycache

import (
	"sync/atomic"
	"time"
)

// confirmedFor is the maximum age of a confirmation of the feed for which the
// cache is used without a read.
const confirmedFor = time.Second

// standing is how far the cache can be trusted.
type standing int

const (
	confirmed standing = iota // the feed has just confirmed it
	doubtful                  // it was confirmed a short time ago
	expired                   // its confirmation is too old
)

// trust determines the standing of the cache from the last confirmation of the
// feed.
type trust struct {
	grace time.Duration
	last  atomic.Pointer[confirmation] // nil if the feed was never confirmed
}

// confirmation describes the last successful poll. It is immutable, so that one
// atomic read is consistent.
type confirmation struct {
	sent    time.Time
	wall    int64 // sent, in Unix nanoseconds of the wall clock
	failing bool  // a later poll failed
}

func (t *trust) confirm(sent time.Time) {
	t.last.Store(&confirmation{sent: sent, wall: sent.UnixNano()})
}

// lose discards the confirmation of the feed.
func (t *trust) lose() { t.last.Store(nil) }

// fail marks the last confirmation as followed by a failed poll. A concurrent
// confirmation counts as later, and is not affected.
func (t *trust) fail() {
	last := t.last.Load()
	if last == nil || last.failing {
		return
	}
	failing := *last
	failing.failing = true
	t.last.CompareAndSwap(last, &failing)
}

func (t *trust) at(now time.Time) standing {
	last := t.last.Load()
	if last == nil {
		return expired
	}
	age := last.age(now)
	switch {
	case age < -confirmedFor: // the clock was set back and has no monotonic reading
		return expired
	case age <= confirmedFor && !last.failing:
		return confirmed
	case age <= t.grace:
		return doubtful
	}
	return expired
}

// age is the larger age by the monotonic and by the wall clock: the first
// stands still while a machine is suspended, the second can be set back.
func (c *confirmation) age(now time.Time) time.Duration {
	return max(now.Sub(c.sent), time.Duration(now.UnixNano()-c.wall))
}
