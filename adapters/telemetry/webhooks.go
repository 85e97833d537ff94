package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var (
	webhookAttempts = prometheus.NewDesc("webhook_attempts_total",
		"Attempts to deliver to webhooks, by result.", []string{"result"}, nil)
	webhookSeconds  = describe("webhook_attempt_seconds_total", "Time that all attempts to deliver to webhooks took together.")
	webhookInFlight = describe("webhook_attempts_in_flight", "Attempts to deliver to webhooks in flight.")
	webhookPaused   = describe("webhook_paused_hosts", "Hosts of webhooks that are not called for a while, because they cannot be connected to.")
	webhookPending  = describe("webhook_deliveries_pending", "Deliveries of all replicas that are not delivered yet, whether due or not.")
	webhookDue      = describe("webhook_deliveries_due", "Deliveries of all replicas that are due and that no replica is sending.")
	webhookOldest   = describe("webhook_oldest_due_seconds", "How long the oldest of the due deliveries has been due.")
	webhookSealed   = prometheus.NewDesc("webhook_sealed_webhooks",
		"Webhooks with a secret sealed with a sealing key, by the ID of the key.", []string{"sealing_key"}, nil)
)

// webhookCollector reads the sender; read is nil if there is none.
type webhookCollector struct{ read func() ports.WebhookStats }

// Describe implements prometheus.Collector.
func (webhookCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		webhookAttempts, webhookSeconds, webhookInFlight, webhookPaused, webhookPending, webhookDue, webhookOldest, webhookSealed,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c webhookCollector) Collect(out chan<- prometheus.Metric) {
	if c.read == nil {
		return
	}
	s := c.read()
	for result, n := range s.Attempts {
		out <- counter(webhookAttempts, n, result)
	}
	out <- prometheus.MustNewConstMetric(webhookSeconds, prometheus.CounterValue, s.Took.Seconds())
	for desc, value := range map[*prometheus.Desc]float64{
		webhookInFlight: float64(s.InFlight), webhookPaused: float64(s.PausedHosts),
		webhookPending: float64(s.Queue.Pending), webhookDue: float64(s.Queue.Due), webhookOldest: s.Queue.OldestDue.Seconds(),
	} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	for key, n := range s.SealingKeys {
		out <- prometheus.MustNewConstMetric(webhookSealed, prometheus.GaugeValue, float64(n), key)
	}
}
