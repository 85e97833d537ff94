//go:build !race

package bench

import "testing"

// Not parallel, since AllocsPerRun counts for the whole process; not under the
// race detector, which makes sync.Pool forget at random.
func TestCheck_allocatesNothing(t *testing.T) {
	check := newChecking(t, 1).clients(t, 1, 1)[0]
	if err := check(0); err != nil { // keeps the key in memory
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = check(0) }); n != 0 {
		t.Errorf("%v allocations in %d checks, want 0", n, batch)
	}
}
