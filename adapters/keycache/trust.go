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
	grace   time.Duration
	last    atomic.Pointer[time.Time] // when the last confirmed poll was sent; nil: never
	failing atomic.Bool               // the last poll failed
}

func (t *trust) confirm(sent time.Time) {
	t.last.Store(&sent)
	t.failing.Store(false)
}

func (t *trust) fail() { t.failing.Store(true) }

func (t *trust) at(now time.Time) standing {
	last := t.last.Load()
	if last == nil {
		return expired
	}
	age := age(*last, now)
	switch {
	case age <= confirmedFor && !t.failing.Load():
		return confirmed
	case age <= t.grace:
		return doubtful
	}
	return expired
}

// age is the larger of what the monotonic and the wall clock say: the first
// stands still while a machine is suspended, the second can be set back.
func age(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}
