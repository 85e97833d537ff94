package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// RotateKey gives a key a new secret. The previous secret works until the grace
// period ends, which is 0 to [domain.MaxGrace]; any older one ends immediately. A
// disabled key can be rotated; for an expired one RotateKey returns
// [domain.ErrConflict]. It returns [domain.Faults] if grace is out of range.
func (w *Workspace) RotateKey(ctx context.Context, id domain.KeyID, grace time.Duration, options ...ChangeOption) (CreatedKey, error) {
	idempotency, err := w.idempotency(options, "rotate", id, grace)
	if err != nil {
		return CreatedKey{}, err
	}
	secret, err := domain.NewSecretOf(w.deps.Random, id)
	if err != nil {
		return CreatedKey{}, err
	}
	digest := w.deps.Hasher.Hash(secret)
	key, err := w.change(ctx, id, idempotency, func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
		return key.Rotate(digest, grace, eventID, w.author, now)
	})
	if err != nil {
		return CreatedKey{}, err
	}
	return CreatedKey{Key: key, Secret: secret}, nil
}
