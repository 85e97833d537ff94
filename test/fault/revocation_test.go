package fault

import (
	"net/http"
	"testing"
	"time"
)

const (
	// refusedWithin is how soon a change is in force on every process.
	refusedWithin = time.Second
	// askedInVain is the least that a check takes which the service answers from
	// memory although the feed is not confirmed: it waits 200 ms for the store
	// first, or for a read that another check began up to 100 ms before.
	askedInVain = 100 * time.Millisecond
)

// isStale reports whether an answer of before a change proves a fault. The
// check was sent so late after the change was acknowledged.
//
// However slow the machine is, an answer from memory without a read is as of a
// poll of the feed that was sent at most refusedWithin before the check. Only
// the fallback for a store that does not answer may be older, and is slow.
func (a answer) isStale(late time.Duration) bool { return late > refusedWithin && a.took < askedInVain }

// mustRefuse waits until the key, which another process disabled, is refused,
// and looks for a moment longer.
func (w *world) mustRefuse(t *testing.T, secret string, changed time.Time) {
	t.Helper()
	for refused := false; !refused || time.Since(changed) < refusedWithin+afterwards; {
		late := time.Since(changed)
		a := w.verify(t, secret)
		switch {
		case says("DISABLED")(a):
			refused = true
		case allowed(a) && (refused || a.isStale(late)):
			t.Fatalf("%v after the change, in an answer after %v: %d %s", late, a.took, a.status, a.body)
		case !allowed(a) && a.status != http.StatusServiceUnavailable:
			t.Fatalf("%v after the change: %d %s", late, a.status, a.body)
		case late > patience:
			t.Fatalf("%v after the change the key was never refused", late)
		case late > refusedWithin:
			exceeded(t, "%v after the change: %d %s after %v", late, a.status, a.body, a.took)
		}
	}
}
