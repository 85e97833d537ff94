package limits

import "sync/atomic"

// Stats are counts since the limiter was created.
type Stats struct {
	Requests uint64 // to the store
	Failures uint64 // of requests
	Waits    uint64 // of checks for a request
	Unspent  uint64 // units held at the end of their window
	Unjudged uint64 // checks allowed while the store did not respond
}

type counters struct{ requests, failures, waits, unspent, unjudged atomic.Uint64 }

// Stats returns the current counts.
func (l *Limiter) Stats() Stats {
	return Stats{
		Requests: l.counters.requests.Load(),
		Failures: l.counters.failures.Load(),
		Waits:    l.counters.waits.Load(),
		Unspent:  l.counters.unspent.Load(),
		Unjudged: l.counters.unjudged.Load(),
	}
}
