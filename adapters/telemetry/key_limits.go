package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var (
	leaseRequests = describe("limit_leases_total", "Requests to the store for shares of the limits of keys.")
	leaseFailures = describe("limit_lease_failures_total", "Requests for shares of limits that failed.")
	leaseWaits    = describe("limit_lease_waits_total", "Permission checks that waited for a share of a limit.")
	unspentShares = describe("limit_unspent_total", "Units of limits that this process held unspent at the end of their window.")
	unseenChecks  = describe("limit_unjudged_checks_total", "Permission checks allowed without their rate limits, because the store did not respond.")
)

type keyLimitCollector struct{ read func() ports.KeyLimitStats }

// Describe implements prometheus.Collector.
func (keyLimitCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{leaseRequests, leaseFailures, leaseWaits, unspentShares, unseenChecks} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c keyLimitCollector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	out <- counter(leaseRequests, s.Requests)
	out <- counter(leaseFailures, s.Failures)
	out <- counter(leaseWaits, s.Waits)
	out <- counter(unspentShares, s.Unspent)
	out <- counter(unseenChecks, s.Unjudged)
}
