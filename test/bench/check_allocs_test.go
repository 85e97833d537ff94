//go:build !race

package bench

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Not parallel, because AllocsPerRun counts for the whole process; not under the race
// detector, with which sync.Pool discards items at random. Allocations before the
// feed is confirmed and the key is cached do not count.
func TestCheck_DoesNotAllocate(t *testing.T) {
	wantAllocations(t, newChecking(t, 1), 0)
}

// The states of several checks are allocated together.
func TestCheck_OfALimitedKeyRarelyAllocates(t *testing.T) {
	limited := newChecking(t, 1)
	limited.secrets[0] = createLimited(t, limited.service, domain.MaxRateLimit)
	wantAllocations(t, limited, batch/10)
}

// wantAllocations requires a batch of checks that makes at most that many allocations.
func wantAllocations(t *testing.T, checks *checking, most float64) {
	t.Helper()
	check := checks.clients(t, 1, 1)[0]
	for deadline := time.Now().Add(10 * time.Second); ; {
		n := testing.AllocsPerRun(100, func() {
			if err := check(0); err != nil {
				t.Fatal(err)
			}
		})
		switch {
		case n <= most:
			return
		case time.Now().After(deadline):
			t.Fatalf("%v allocations in %d checks, want at most %v", n, batch, most)
		}
	}
}
