package telemetry

import "github.com/prometheus/client_golang/prometheus"

// LimitStats is a reading of what was refused.
type LimitStats struct {
	Accounts  uint64 // requests beyond the limit of an account
	Addresses uint64 // failed authentications beyond the limit of an address
	AtOnce    uint64 // requests while as many were under way as may be
}

var rateLimited = prometheus.NewDesc("rate_limited_total",
	"Requests answered 429, by whose limit: account, or address for failed authentications.", []string{"limit"}, nil)

var overloaded = prometheus.NewDesc("overloaded_total",
	"Management requests answered 503 at once, since too many were under way.", nil, nil)

type limitCollector struct{ read func() LimitStats }

// Describe implements prometheus.Collector.
func (limitCollector) Describe(out chan<- *prometheus.Desc) { out <- rateLimited; out <- overloaded }

// Collect implements prometheus.Collector.
func (c limitCollector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	out <- counter(rateLimited, s.Accounts, "account")
	out <- counter(rateLimited, s.Addresses, "address")
	out <- counter(overloaded, s.AtOnce)
}
