package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

func TestWebhooks_AreReadFromTheSender(t *testing.T) {
	t.Parallel()
	o := sources()
	o.Webhooks = func() ports.WebhookStats {
		return ports.WebhookStats{
			Attempts: map[string]uint64{"delivered": 3, "timeout": 1}, Took: 16500 * time.Millisecond, InFlight: 2, PausedHosts: 1,
			Queue: ports.QueueState{Pending: 9, Due: 4, OldestDue: 1500 * time.Millisecond}, SealingKeys: map[string]int64{"s1": 2},
		}
	}
	expect(t, scrape(t, attached(t, o)),
		`apikeys_webhook_attempts_total{result="delivered"} 3`, `apikeys_webhook_attempts_total{result="timeout"} 1`,
		"apikeys_webhook_attempt_seconds_total 16.5", "apikeys_webhook_attempts_in_flight 2", "apikeys_webhook_paused_hosts 1",
		"apikeys_webhook_deliveries_pending 9", "apikeys_webhook_deliveries_due 4", "apikeys_webhook_oldest_due_seconds 1.5",
		`apikeys_webhook_sealed_webhooks{sealing_key="s1"} 2`)
}

func TestWebhooks_AreAbsentWithoutASender(t *testing.T) {
	t.Parallel()
	o := sources()
	o.Webhooks = nil
	if text := scrape(t, attached(t, o)); strings.Contains(text, "apikeys_webhook_") {
		t.Error("there are series of webhooks")
	}
}
