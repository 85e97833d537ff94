package domain_test

import (
	"testing"
	"unsafe"

	"github.com/slaunchx/apikeys/domain"
)

func TestDecision_isOfASizeThatIsCopiedCheaply(t *testing.T) {
	t.Parallel()
	if rest := unsafe.Sizeof(domain.Decision{}) % 16; rest != 0 {
		t.Errorf("a Decision takes %d bytes more than whole 16, each of whose copies stalls", rest)
	}
}
