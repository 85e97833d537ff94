package application

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// Several concurrent checks of a key may see that a use is due before one of them has
// claimed it.
func TestKnownKey_OneOfConcurrentChecksClaimsAUse(t *testing.T) {
	t.Parallel()
	const now = 1_800_000_000
	known := NewKnownKey(domain.Rehydrate(domain.Snapshot{}))
	var claimed atomic.Int64
	var checks sync.WaitGroup
	for range 8 {
		checks.Go(func() {
			if known.ofKey().claim(now) {
				claimed.Add(1)
			}
		})
	}
	checks.Wait()
	if n := claimed.Load(); n != 1 {
		t.Errorf("%d checks claim the first use", n)
	}
	if known.ofKey().claim(now) {
		t.Error("the use is due again")
	}
}
