package postgres

import (
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// floorFor is how long a floor is valid: as long as a poll allows the cache to
// be used.
const floorFor = time.Second

// floor is the state that a read must have seen: everything that the feed had
// reported at a poll.
type floor struct {
	origin   origin
	timeline string // of the primary, as in the names of its log files
	position int64  // in its log, in bytes; everything that the poll saw is before it
	sent     time.Time
	writes   uint64 // of this process that had ended when the poll was sent
}

// floors holds the current floor. It is safe for concurrent use.
type floors struct {
	wanted bool // whether a standby is read
	last   atomic.Pointer[floor]
	writes atomic.Uint64
}

// wrote must be called when a change of this process has ended, before its response. A
// read that begins later must see the change, and only a poll that is sent later knows
// its position in the log.
func (f *floors) wrote() { f.writes.Add(1) }

// raise records the state that a poll saw, unless a later poll was faster.
func (f *floors) raise(seen floor) {
	for {
		last := f.last.Load()
		if last != nil && !seen.sent.After(last.sent) || f.last.CompareAndSwap(last, &seen) {
			return
		}
	}
}

// now returns the floor, or false if there is none.
func (f *floors) now() (floor, bool) {
	last := f.last.Load()
	if last == nil || last.writes != f.writes.Load() || domain.Elapsed(last.sent, time.Now()) > floorFor {
		return floor{}, false
	}
	return *last, true
}
