package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var rateLimited = prometheus.NewDesc("rate_limited_total",
	"Requests answered with 429, by limit: account, address for failed authentications, or leaks for leak reports.", []string{"limit"}, nil)

var overloaded = prometheus.NewDesc("overloaded_total",
	"Management requests and leak reports answered with 503 because too many were in flight.", nil, nil)

type limitCollector struct{ read func() ports.LimitStats }

// Describe implements prometheus.Collector.
func (limitCollector) Describe(out chan<- *prometheus.Desc) { out <- rateLimited; out <- overloaded }

// Collect implements prometheus.Collector.
func (c limitCollector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	out <- counter(rateLimited, s.Accounts, "account")
	out <- counter(rateLimited, s.Addresses, "address")
	out <- counter(rateLimited, s.Leaks, "leaks")
	out <- counter(overloaded, s.Concurrency)
}
