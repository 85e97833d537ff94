package telemetry

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var (
	cacheHits     = describe("cache_hits_total", "Key look-ups answered from memory.")
	cacheMisses   = describe("cache_misses_total", "Key look-ups that read the store.")
	cacheEvicted  = describe("cache_evictions_total", "Keys evicted from memory to make room for others.")
	cacheKeys     = describe("cache_keys", "Approximate number of keys in memory.")
	cacheLoads    = describe("cache_loads_in_flight", "Reads of keys from the store that are in flight or waiting.")
	feedEvictions = describe("feed_evictions_total", "Keys evicted from memory because the change feed reported them.")
	feedLosses    = describe("feed_losses_total", "Times every key was evicted from memory because the change feed may have missed changes.")
	feedFailures  = describe("feed_failed_polls_total", "Polls of the change feed that failed.")
	feedLag       = describe("feed_lag_seconds", "Age of the last confirmation of the change feed; +Inf before the first.")
)

func cacheCollector(read func() ports.CacheStats) prometheus.Collector {
	return collector[ports.CacheStats]{
		metrics: []*prometheus.Desc{cacheHits, cacheMisses, cacheEvicted, cacheKeys, cacheLoads, feedEvictions, feedLosses, feedFailures, feedLag},
		read:    read,
		send: func(out chan<- prometheus.Metric, s ports.CacheStats) {
			out <- counter(cacheHits, s.Hits)
			out <- counter(cacheMisses, s.Misses)
			out <- counter(cacheEvicted, s.Evictions)
			out <- gauge(cacheKeys, float64(s.Keys))
			out <- gauge(cacheLoads, float64(s.Loads))
			out <- counter(feedEvictions, s.FeedEvictions)
			out <- counter(feedLosses, s.FeedLosses)
			out <- counter(feedFailures, s.FailedPolls)
			out <- gauge(feedLag, lag(s))
		},
	}
}

// lag returns the lag of the feed in seconds. It is infinite until the feed is
// first confirmed, so that an alert on it fires.
func lag(s ports.CacheStats) float64 {
	if s.Unconfirmed == 0 {
		return math.Inf(1)
	}
	return s.Unconfirmed.Seconds()
}
