package webhooks

import (
	"maps"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// results are all results of attempts.
var results = [...]result{
	resultDelivered, resultRejected, resultGone, resultTimeout, resultUnreachable, resultForbidden, resultBroken, resultStopped, resultUnopened,
}

// counters count attempts and hold the latest reading of the queue. They are safe for
// concurrent use.
type counters struct {
	mu       sync.Mutex
	attempts map[result]uint64
	stats    ports.WebhookStats // without attempts
}

func (c *counters) count(r result, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts == nil {
		c.attempts = map[result]uint64{}
	}
	c.attempts[r]++
	c.stats.Took += took
}

func (c *counters) observe(r *roster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.InFlight, c.stats.PausedHosts = r.inFlight, r.paused()
}

func (c *counters) queue(q ports.QueueState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Queue = q
}

func (c *counters) sealed(uses map[string]domain.SealingUse) {
	byKey := make(map[string]int64, len(uses))
	for id, use := range uses {
		byKey[id] = use.Webhooks
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.SealingKeys = byKey
}

// Stats returns a reading of the sender. The state of the queue, which all senders
// share, is up to 15 s old, and the use of sealing keys up to 75 s.
func (s *Sender) Stats() ports.WebhookStats {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	stats := s.counters.stats
	stats.SealingKeys = make(map[string]int64, len(s.keyIDs))
	for _, id := range s.keyIDs {
		stats.SealingKeys[id] = 0
	}
	maps.Copy(stats.SealingKeys, s.counters.stats.SealingKeys)
	stats.Attempts = make(map[string]uint64, len(results))
	for _, r := range results {
		stats.Attempts[string(r)] = s.counters.attempts[r]
	}
	return stats
}
