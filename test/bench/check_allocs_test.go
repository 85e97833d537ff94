//go:build !race

package bench

import (
	"testing"
	"time"
)

// Not parallel, since AllocsPerRun counts for the whole process; not under the
// race detector, which makes sync.Pool forget at random. What a check
// allocates until the feed has been confirmed, and its key is in memory for
// good, is not counted.
func TestCheck_allocatesNothing(t *testing.T) {
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
