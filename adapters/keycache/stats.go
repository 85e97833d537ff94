package keycache

import (
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/striped"
)

type counters struct {
	hits striped.Counters // in hitSlot; the only ones that are on the path of every answer

	misses, evictions, feedEvictions, failedPolls atomic.Uint64
}

const hitSlot = 0

func (c *counters) hit() { c.hits.Add(hitSlot) }

// Stats is what a cache has done and holds.
type Stats struct {
	Hits          uint64        // answers from memory
	Misses        uint64        // questions the store was asked
	Evictions     uint64        // keys that had to make room for others
	FeedEvictions uint64        // keys that changed, as the feed told
	FailedPolls   uint64        // polls of the feed without an answer
	Keys          int           // keys held, about
	Loads         int           // reads of the store under way or waiting
	Unconfirmed   time.Duration // since the feed was last confirmed; 0 when it never was
}

// Stats returns a reading of the cache.
func (c *Cache) Stats() Stats {
	s := Stats{
		Hits:          c.counters.hits.Sum(hitSlot),
		Misses:        c.counters.misses.Load(),
		Evictions:     c.counters.evictions.Load(),
		FeedEvictions: c.counters.feedEvictions.Load(),
		FailedPolls:   c.counters.failedPolls.Load(),
		Keys:          c.known.Load().EstimatedSize(),
		Loads:         c.loads.inFlight() + c.rereads.inFlight(),
	}
	if last := c.trust.last.Load(); last != nil {
		s.Unconfirmed = last.age(c.now())
	}
	return s
}
