package telemetry

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// CacheStats is a reading of the cache of keys.
type CacheStats struct {
	Hits          uint64        // answers from memory
	Misses        uint64        // questions the store was asked
	Evictions     uint64        // keys that had to make room for others
	FeedEvictions uint64        // keys that changed, as the feed told
	FailedPolls   uint64        // polls of the feed without an answer
	Keys          int           // keys held, about
	Loads         int           // reads of the store under way or waiting
	Unconfirmed   time.Duration // since the feed was last confirmed; 0 when it never was
}

var (
	cacheHits     = describe("cache_hits_total", "Look-ups of keys that memory answered.")
	cacheMisses   = describe("cache_misses_total", "Look-ups of keys that asked the store.")
	cacheEvicted  = describe("cache_evictions_total", "Keys dropped from memory to make room for others.")
	cacheKeys     = describe("cache_keys", "Keys held in memory, about.")
	cacheLoads    = describe("cache_loads_in_flight", "Reads of keys from the store that are under way or wait for their turn.")
	feedEvictions = describe("feed_evictions_total", "Keys evicted from memory because the change feed told of them.")
	feedFailures  = describe("feed_failed_polls_total", "Polls of the change feed without an answer.")
	feedLag       = describe("feed_lag_seconds", "Age of the last confirmation of the change feed; +Inf before the first.")
)

func describe(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }

func counter(d *prometheus.Desc, n uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func gauge(d *prometheus.Desc, value float64) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
}

// cacheCollector reads the cache once a scrape, so that its figures belong together.
type cacheCollector struct{ read func() CacheStats }

// Describe implements prometheus.Collector.
func (cacheCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{cacheHits, cacheMisses, cacheEvicted, cacheKeys, cacheLoads, feedEvictions, feedFailures, feedLag} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c cacheCollector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	out <- counter(cacheHits, s.Hits)
	out <- counter(cacheMisses, s.Misses)
	out <- counter(cacheEvicted, s.Evictions)
	out <- gauge(cacheKeys, float64(s.Keys))
	out <- gauge(cacheLoads, float64(s.Loads))
	out <- counter(feedEvictions, s.FeedEvictions)
	out <- counter(feedFailures, s.FailedPolls)
	out <- gauge(feedLag, s.lag())
}

// lag is beyond every bound while the feed was never confirmed, so that an
// alert on it fires.
func (s CacheStats) lag() float64 {
	if s.Unconfirmed == 0 {
		return math.Inf(1)
	}
	return s.Unconfirmed.Seconds()
}
