package keycache

import (
	"sync/atomic"
	"time"
)

// confirmedFor is how old a confirmation of the feed may be for memory to
// answer without a read.
const confirmedFor = time.Second

// standing is what an answer from memory is worth.
type standing int

const (
	confirmed standing = iota // the feed says that it is true
	doubtful                  // true a short while ago
	expired                   // nobody knows
)

// trust tells the standing of what is in memory from when the feed was last
// confirmed.
type trust struct {
	grace time.Duration
	last  atomic.Pointer[confirmation] // nil: the feed was never confirmed
}

// confirmation is of the last poll that succeeded. It is never changed, so
// that one atomic read tells all of it.
type confirmation struct {
	sent    time.Time
	wall    int64 // sent in Unix nanoseconds, by the wall clock
	failing bool  // a later poll failed
}

func (t *trust) confirm(sent time.Time) {
	t.last.Store(&confirmation{sent: sent, wall: sent.UnixNano()})
}

// lose forgets that the feed was ever confirmed.
func (t *trust) lose() { t.last.Store(nil) }

// fail is of no effect on a confirmation that comes at the same time, which is
// as good as one that comes later.
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
	case age < -confirmedFor: // by a clock that was set back and has no monotonic reading
		return expired
	case age <= confirmedFor && !last.failing:
		return confirmed
	case age <= t.grace:
		return doubtful
	}
	return expired
}

// age is the larger of what the monotonic and the wall clock say: the first
// stands still while a machine is suspended, the second can be set back.
func (c *confirmation) age(now time.Time) time.Duration {
	return max(now.Sub(c.sent), time.Duration(now.UnixNano()-c.wall))
}
