//go:build !race

package secrets_test

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// Not parallel, because AllocsPerRun counts for the whole process; not under the
// race detector, with which sync.Pool discards items at random.
func TestHasherVerify_DoesNotAllocate(t *testing.T) {
	hasher, secret := newHasher(t, "a:"+encoded('x', 32)), newSecret(t)
	known := hasher.Hash(secret)
	unknown := domain.Digest{Algorithm: "none", PepperID: "gone"}
	for name, digest := range map[string]domain.Digest{"known": known, "unknown": unknown} {
		if n := testing.AllocsPerRun(1000, func() { hasher.Verify(secret, digest) }); n != 0 {
			t.Errorf("%s digest: %v allocations per check, want 0", name, n)
		}
	}
}
