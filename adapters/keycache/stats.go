package keycache

import (
	"sync/atomic"

	"github.com/slaunchx/apikeys/ports"
)

type counters struct {
	hits, misses, evictions, feedEvictions, feedLosses, failedPolls atomic.Uint64
}

// Stats returns a reading of the cache.
func (c *Cache) Stats() ports.CacheStats {
	s := ports.CacheStats{
		Hits:          c.counters.hits.Load(),
		Misses:        c.counters.misses.Load(),
		Evictions:     c.counters.evictions.Load(),
		FeedEvictions: c.counters.feedEvictions.Load(),
		FeedLosses:    c.counters.feedLosses.Load(),
		FailedPolls:   c.counters.failedPolls.Load(),
		Keys:          c.known.Load().EstimatedSize(),
		Loads:         c.loads.inFlight() + c.rereads.inFlight(),
	}
	if last := c.trust.last.Load(); last != nil {
		s.Unconfirmed = last.age(c.now())
	}
	return s
}
