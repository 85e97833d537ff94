package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var leakedSecrets = prometheus.NewDesc("leaked_secrets_total",
	"Secrets in leak reports, by outcome: disabled (the key), ended (the grace period of the secret), recorded, or unknown if of no living key.",
	[]string{"outcome"}, nil)

type leakCollector struct{ read func() ports.LeakStats }

// Describe implements prometheus.Collector.
func (leakCollector) Describe(out chan<- *prometheus.Desc) { out <- leakedSecrets }

// Collect implements prometheus.Collector.
func (c leakCollector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	out <- counter(leakedSecrets, s.Disabled, "disabled")
	out <- counter(leakedSecrets, s.Ended, "ended")
	out <- counter(leakedSecrets, s.Recorded, "recorded")
	out <- counter(leakedSecrets, s.Unknown, "unknown")
}
