package application_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// countingHasher counts the calls of its methods.
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

func TestUsage_DoesNotHashUnderTheCurrentPepper(t *testing.T) {
	t.Parallel()
	hasher := &countingHasher{SecretHasher: hasherOf(t, "p1", "p2")}
	w := newUsageWorld(t, hasher)
	for i := range 3 {
		w.check(t, clock().Add(time.Duration(i)*time.Hour))
		w.flush(t)
	}
	if got := len(w.recorder.uses); got != 3 {
		t.Errorf("%d uses were recorded, want 3", got)
	}
	if hashes, verifications := hasher.hashes.Load(), hasher.verifications.Load(); hashes != 0 || verifications != 3 {
		t.Errorf("%d hashes and %d verifications, want only those of the 3 checks", hashes, verifications)
	}
}

func TestAuthorize_VerifiesOnceInEveryCase(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, spec())
	wrong, unknown := forged(t, secret.KeyID())
	deleted := memory.NewKeyRepository()
	createdIn(t, deleted, spec()) // the same key, because random is deterministic
	err := deleted.Update(t.Context(), workspace, secret.KeyID(), func(k *domain.APIKey) (domain.Event, error) {
		return k.Delete("evt_1", domain.Author{AccountID: "acc-1"}, now), nil
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		keys   ports.KeyFinder
		hasher ports.SecretHasher
		secret domain.Secret
		want   int64
	}{
		"the right secret":                     {keys, hasherOf(t, "p1"), secret, 1},
		"a wrong secret of the key":            {keys, hasherOf(t, "p1"), wrong, 1},
		"the secret of an unknown key":         {keys, hasherOf(t, "p1"), unknown, 1},
		"the secret of a deleted key":          {deleted, hasherOf(t, "p1"), secret, 1},
		"a secret under a pepper that is gone": {keys, hasherOf(t, "p2"), secret, 1},
		"a malformed secret":                   {keys, hasherOf(t, "p1"), domain.Secret{}, 0},
		"a secret while the store is down":     {&failingKeys{err: domain.ErrUnavailable}, hasherOf(t, "p1"), secret, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hasher := &countingHasher{SecretHasher: tc.hasher}
			_, _ = newAuthorize(tc.keys, hasher, clock).Do(t.Context(), domain.Check{Secret: tc.secret, Addr: inside})
			if got := hasher.verifications.Load(); got != tc.want || hasher.hashes.Load() != 0 {
				t.Errorf("%d verifications and %d hashes, want %d and none", got, hasher.hashes.Load(), tc.want)
			}
		})
	}
}
