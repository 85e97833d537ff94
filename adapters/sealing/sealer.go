package sealing

import (
	"github.com/slaunchx/apikeys/domain"
)

// Sealer seals the secrets of webhooks with a [Ring]. It implements ports.SecretSealer
// and prints only a placeholder.
type Sealer struct {
	domain.Redacted

	ring Ring
}

// NewSealer returns a sealer with the keys of ring.
func NewSealer(ring Ring) *Sealer { return &Sealer{ring: ring} }

// Seal seals secret for the webhook under the current key of the ring.
func (s *Sealer) Seal(id domain.WebhookID, secret domain.WebhookSecret) (domain.SealedSecret, error) {
	keyID, box, err := s.ring.Seal(string(id), secret.Key())
	return domain.SealedSecret{KeyID: keyID, Box: box}, err
}

// Open returns a secret that was sealed for the webhook. The error is that of [Ring.Open].
func (s *Sealer) Open(id domain.WebhookID, sealed domain.SealedSecret) (domain.WebhookSecret, error) {
	key, err := s.ring.Open(string(id), sealed.KeyID, sealed.Box)
	if err != nil {
		return domain.WebhookSecret{}, err
	}
	return domain.WebhookSecretOf(key), nil
}
