package limits

import (
	"sync/atomic"

	"github.com/slaunchx/apikeys/ports"
)

type counters struct{ requests, failures, waits, unspent, unjudged atomic.Uint64 }

// Stats returns the current counts.
func (l *Limiter) Stats() ports.KeyLimitStats {
	return ports.KeyLimitStats{
		Requests: l.counters.requests.Load(),
		Failures: l.counters.failures.Load(),
		Waits:    l.counters.waits.Load(),
		Unspent:  l.counters.unspent.Load(),
		Unjudged: l.counters.unjudged.Load(),
	}
}
