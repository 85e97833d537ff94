package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var (
	usagePending   = describe("usage_pending_keys", "Keys whose last use is not yet written.")
	usageDropped   = describe("usage_dropped_total", "Uses of keys dropped because the queue was full.")
	usageUncounted = describe("usage_uncounted_total", "Checks that may not be counted in the usage of their keys, because too many keys waited to be written.")
	usageFailures  = describe("usage_failed_flushes_total", "Batches of key usage that could not be written.")
)

type usageCollector struct{ read func() ports.UsageStats }

// Describe implements prometheus.Collector.
func (usageCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{usagePending, usageDropped, usageUncounted, usageFailures} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c usageCollector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	out <- gauge(usagePending, float64(s.Pending))
	out <- counter(usageDropped, s.Dropped)
	out <- counter(usageUncounted, s.Uncounted)
	out <- counter(usageFailures, s.FailedFlushes)
}
