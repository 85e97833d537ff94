//go:build !race

package bench

import (
	"testing"
	"time"
)

// Not parallel, because AllocsPerRun counts for the whole process; not under the race
// detector, with which sync.Pool discards items at random. Allocations before the
// feed is confirmed and the key is cached do not count.
func TestCheck_DoesNotAllocate(t *testing.T) {
	check := newChecking(t, 1).clients(t, 1, 1)[0]
	for deadline := time.Now().Add(10 * time.Second); ; {
		n := testing.AllocsPerRun(100, func() {
			if err := check(0); err != nil {
				t.Fatal(err)
			}
		})
		switch {
		case n == 0:
			return
		case time.Now().After(deadline):
			t.Fatalf("%v allocations in %d checks, want 0", n, batch)
		}
	}
}
