package postgres

import (
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// floorFor is how long a poll of the feed tells what a standby must know: as
// long as a poll lets memory answer at all.
const floorFor = time.Second

// floor is what a read must have seen: all that the feed told at a poll.
type floor struct {
	origin   origin
	timeline string // of the primary, as it names its files
	position int64  // in its log, in bytes: all that the poll saw is before it
	sent     time.Time
	writes   uint64 // of this process that had ended when the poll was sent
}

// floors know the floor of now. They are safe for concurrent use.
type floors struct {
	wanted bool // a standby is read
	last   atomic.Pointer[floor]
	writes atomic.Uint64
}

// wrote is called when a change of this process has ended, before it is
// answered: a read that begins later must see it, and only a poll that is sent
// later knows where it stands in the log.
func (f *floors) wrote() { f.writes.Add(1) }

// raise keeps what a poll saw, unless a later one was faster.
func (f *floors) raise(seen floor) {
	for {
		last := f.last.Load()
		if last != nil && !seen.sent.After(last.sent) || f.last.CompareAndSwap(last, &seen) {
			return
		}
	}
}

// now returns the floor, and false when nothing tells what a standby must know.
func (f *floors) now() (floor, bool) {
	last := f.last.Load()
	if last == nil || last.writes != f.writes.Load() || domain.Elapsed(last.sent, time.Now()) > floorFor {
		return floor{}, false
	}
	return *last, true
}
