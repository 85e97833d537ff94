package application

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// Checks of one key at the same time see that a use is due before any of them
// has noted it, as often as cores happen to meet.
func TestKnownKey_OneOfThoseWhoSeeAUseDueHandsItOn(t *testing.T) {
	t.Parallel()
	const now = 1_800_000_000
	known := NewKnownKey(domain.Rehydrate(domain.Snapshot{}))
	last, due := known.due(now)
	last2, due2 := known.due(now)
	if !due || !due2 {
		t.Fatal("the first use is not due")
	}
	if first, second := known.claim(last, now), known.claim(last2, now); !first || second {
		t.Errorf("handed on by the first: %v, by the second: %v", first, second)
	}
	if _, due := known.due(now); due {
		t.Error("the use is due again")
	}
}
