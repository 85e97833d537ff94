package application

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// Concurrent checks of a key may all see that a use is due before one of them has
// claimed it.
func TestKnownKey_OneOfConcurrentChecksClaimsAUse(t *testing.T) {
	t.Parallel()
	const now = 1_800_000_000
	known := NewKnownKey(domain.Rehydrate(domain.Snapshot{}))
	last, due := known.due(now)
	last2, due2 := known.due(now)
	if !due || !due2 {
		t.Fatal("the first use is not due")
	}
	if first, second := known.claim(last, now), known.claim(last2, now); !first || second {
		t.Errorf("claimed by the first: %v, by the second: %v", first, second)
	}
	if _, due := known.due(now); due {
		t.Error("the use is due again")
	}
}
