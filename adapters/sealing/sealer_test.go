package sealing_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/sealing"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var _ ports.SecretSealer = (*sealing.Sealer)(nil)

func TestSealer_OpensTheSecretOfItsWebhookOnly(t *testing.T) {
	t.Parallel()
	sealer := sealing.NewSealer(parsed(t, entry("a", 1)))
	secret, err := domain.NewWebhookSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealer.Seal("wh_1", secret)
	if err != nil || sealed.KeyID != "a" || !sealed.ValidUntil.IsZero() {
		t.Fatalf("sealed %+v, %v", sealed, err)
	}
	if got, err := sealer.Open("wh_1", sealed); err != nil || got.Reveal() != secret.Reveal() {
		t.Errorf("opened another secret: %v", err)
	}
	if got, err := sealer.Open("wh_2", sealed); err == nil || !got.IsZero() {
		t.Error("opened for another webhook")
	}
	if text := fmt.Sprintf("%+v %#v", sealer, *sealer); strings.Contains(text, "aead") {
		t.Errorf("prints %s", text)
	}
}
