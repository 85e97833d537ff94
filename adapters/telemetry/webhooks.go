package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var (
	webhookAttempts = describe("webhook_attempts_total", "Attempts to deliver to webhooks, by result.", "result")
	webhookSeconds  = describe("webhook_attempt_seconds_total", "Time that all attempts to deliver to webhooks took together.")
	webhookInFlight = describe("webhook_attempts_in_flight", "Attempts to deliver to webhooks in flight.")
	webhookPaused   = describe("webhook_paused_hosts", "Hosts of webhooks that are not called for a while, because they cannot be connected to.")
	webhookPending  = describe("webhook_deliveries_pending", "Deliveries of all replicas that are not delivered yet, whether due or not.")
	webhookDue      = describe("webhook_deliveries_due", "Deliveries of all replicas that are due and that no replica is sending.")
	webhookOldest   = describe("webhook_oldest_due_seconds", "How long the oldest of the due deliveries has been due.")
	webhookSealed   = describe("webhook_sealed_webhooks", "Webhooks with a secret sealed with a sealing key, by the ID of the key.", "sealing_key")
)

// webhookCollector reads the sender; read is nil if there is none.
func webhookCollector(read func() ports.WebhookStats) prometheus.Collector {
	return collector[ports.WebhookStats]{
		metrics: []*prometheus.Desc{
			webhookAttempts, webhookSeconds, webhookInFlight, webhookPaused, webhookPending, webhookDue, webhookOldest, webhookSealed,
		},
		read: read,
		send: func(out chan<- prometheus.Metric, s ports.WebhookStats) {
			for result, n := range s.Attempts {
				out <- counter(webhookAttempts, n, result)
			}
			out <- prometheus.MustNewConstMetric(webhookSeconds, prometheus.CounterValue, s.Took.Seconds())
			out <- gauge(webhookInFlight, float64(s.InFlight))
			out <- gauge(webhookPaused, float64(s.PausedHosts))
			out <- gauge(webhookPending, float64(s.Queue.Pending))
			out <- gauge(webhookDue, float64(s.Queue.Due))
			out <- gauge(webhookOldest, s.Queue.OldestDue.Seconds())
			for key, n := range s.SealingKeys {
				out <- gauge(webhookSealed, float64(n), key)
			}
		},
	}
}
