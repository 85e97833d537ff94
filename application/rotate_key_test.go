package application_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
)

func TestRotateKey_ReturnsTheCurrentSecret(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	old := createdIn(t, keys, spec())
	rotated, err := open(t, keys, domain.PortalTenant).RotateKey(t.Context(), old.KeyID(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]domain.Secret{"the new secret": rotated.Secret, "the old one before grace ends": old} {
		got, err := newAuthorize(keys, newHasher(t), clock).Do(t.Context(), domain.Check{Secret: secret, Addr: inside})
		if err != nil || !got.Allowed() {
			t.Errorf("%s: %s, %v", name, got.Verdict, err)
		}
	}
}
