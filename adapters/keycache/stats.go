package keycache

import (
	"sync/atomic"
	"time"
)

type counters struct {
	hits, misses, evictions, feedEvictions, failedPolls atomic.Uint64
}

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
		Hits:          c.counters.hits.Load(),
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
