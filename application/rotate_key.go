package application

import (
	"context"
	"io"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RotateKey gives keys new secrets.
type RotateKey struct {
	changer changer
	hasher  ports.SecretHasher
}

// NewRotateKey returns the use case.
func NewRotateKey(keys ports.KeyWriter, hasher ports.SecretHasher, random io.Reader, now func() time.Time) *RotateKey {
	return &RotateKey{changer: changer{keys: keys, random: random, now: now}, hasher: hasher}
}

// Do gives a key a new secret and lets the old one work until the grace ends.
// Of several at once each finds the secret of the one before it as the old
// one. A disabled key may be rotated, an expired one not: it returns
// [domain.ErrConflict]. It returns [domain.ErrKeyNotFound] when the owner's
// workspace has no such key, and the errors of [ports.KeyWriter], those of
// [ports.Once] among them.
func (uc *RotateKey) Do(ctx context.Context, owner Owner, id domain.KeyID, grace time.Duration, once Once) (CreatedKey, error) {
	secret, err := domain.NewSecretOf(uc.changer.random, id)
	if err != nil {
		return CreatedKey{}, err
	}
	digest := uc.hasher.Hash(secret)
	key, err := uc.changer.change(ctx, owner, id, once, func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
		return key.Rotate(digest, grace, eventID, owner.author, now)
	})
	if err != nil {
		return CreatedKey{}, err
	}
	return CreatedKey{Key: key, Secret: secret}, nil
}
