package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestRotateKey_AnswersTheSecretThatIsCurrent(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	old := createdIn(t, keys, spec(t))
	rotated, err := application.NewRotateKey(keys, newHasher(t), random(), clock).
		Do(t.Context(), ownerOf(t, domain.PortalTenant), old.KeyID(), time.Minute, application.Once{})
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]domain.Secret{"the new secret": rotated.Secret, "the old one within its grace": old} {
		got, err := newAuthorize(keys, newHasher(t), clock).Do(t.Context(), domain.Check{Secret: secret, Addr: inside})
		if err != nil || !got.Allowed() {
			t.Errorf("%s: %s, %v", name, got.Verdict, err)
		}
	}
}

func TestRotateKey_AsksForAnOwner(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec(t)).KeyID()
	_, err := application.NewRotateKey(keys, newHasher(t), random(), clock).Do(t.Context(), application.Owner{}, id, 0, application.Once{})
	if !errors.Is(err, domain.ErrNotOwner) {
		t.Errorf("error = %v, want ErrNotOwner", err)
	}
}
