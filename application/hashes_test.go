package application_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// countingHasher counts what it is asked.
type countingHasher struct {
	ports.SecretHasher

	hashes, verifications atomic.Int64
}

func (c *countingHasher) Hash(secret domain.Secret) domain.Digest {
	c.hashes.Add(1)
	return c.SecretHasher.Hash(secret)
}

func (c *countingHasher) Verify(secret domain.Secret, digest domain.Digest) bool {
	c.verifications.Add(1)
	return c.SecretHasher.Verify(secret, digest)
}

func TestUsage_HashesNothingUnderTheCurrentPepper(t *testing.T) {
	t.Parallel()
	hasher := &countingHasher{SecretHasher: hasherOf(t, "p1", "p2")}
	w := newUsageWorld(t, hasher)
	for i := range 3 {
		w.check(t, clock().Add(time.Duration(i)*time.Hour))
		w.flush(t)
	}
	if got := len(w.recorder.uses); got != 3 {
		t.Errorf("%d uses are recorded, want 3", got)
	}
	if hashes, verifications := hasher.hashes.Load(), hasher.verifications.Load(); hashes != 0 || verifications != 3 {
		t.Errorf("%d hashes and %d verifications, want those of the 3 checks alone", hashes, verifications)
	}
}
