package fault

import (
	"net/http"
	"testing"
	"time"
)

const (
	// refusedWithin is how soon a change takes effect in every process.
	refusedWithin = time.Second
	// askedInVain is the minimum duration of a check that uses the cache
	// although the feed is not confirmed: it first waits 200 ms for the store,
	// or for a read that another check began up to 100 ms before.
	askedInVain = 100 * time.Millisecond
)

// isStale reports whether a response from before a change is a fault. late is
// the time from the acknowledgement of the change until the check was sent.
//
// However slow the machine is, a response from the cache without a read is
// based on a poll of the feed that was sent at most refusedWithin before the
// check. Only the fallback for a store that does not respond may be older, and
// it is slow.
func (a answer) isStale(late time.Duration) bool { return late > refusedWithin && a.took < askedInVain }

// mustRefuse waits until the key, which another process disabled, is refused,
// and checks it for a moment longer.
func (w *world) mustRefuse(t *testing.T, secret string, changed time.Time) {
	t.Helper()
	tick := time.NewTicker(trafficPause())
	defer tick.Stop()
	for refused := false; !refused || time.Since(changed) < refusedWithin+afterwards; <-tick.C {
		late := time.Since(changed)
		a := w.verify(t, secret)
		switch {
		case says("DISABLED")(a):
			refused = true
		case allowed(a) && (refused || a.isStale(late)):
			t.Fatalf("%v after the change, in a response after %v: %d %s", late, a.took, a.status, a.body)
		case !allowed(a) && a.status != http.StatusServiceUnavailable:
			t.Fatalf("%v after the change: %d %s", late, a.status, a.body)
		case late > patience:
			t.Fatalf("%v after the change the key was never refused", late)
		case late > refusedWithin:
			exceeded(t, "%v after the change: %d %s after %v", late, a.status, a.body, a.took)
		}
	}
}
