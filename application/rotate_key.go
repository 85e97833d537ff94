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
	keys   ports.KeyWriter
	hasher ports.SecretHasher
	random io.Reader
	now    func() time.Time
}

// NewRotateKey returns the use case.
func NewRotateKey(keys ports.KeyWriter, hasher ports.SecretHasher, random io.Reader, now func() time.Time) *RotateKey {
	return &RotateKey{keys: keys, hasher: hasher, random: random, now: now}
}

// Do gives a key a new secret and lets the old one work until the grace ends.
// Of several at once each finds the secret of the one before it as the old
// one. A disabled key may be rotated, an expired one not: it returns
// [domain.ErrConflict]. It returns [domain.ErrKeyNotFound] when the owner's
// workspace has no such key, and the errors of [ports.KeyWriter].
func (uc *RotateKey) Do(ctx context.Context, owner Owner, id domain.KeyID, grace time.Duration) (CreatedKey, error) {
	if !owner.proven() {
		return CreatedKey{}, domain.ErrNotOwner
	}
	secret, err := domain.NewSecretOf(uc.random, id)
	if err != nil {
		return CreatedKey{}, err
	}
	eventID, err := domain.NewEventID(uc.random)
	if err != nil {
		return CreatedKey{}, err
	}
	digest := uc.hasher.Hash(secret)
	var rotated *domain.APIKey
	err = uc.keys.Update(ctx, owner.workspace, id, func(key *domain.APIKey) (domain.Event, error) {
		rotated = key
		return key.Rotate(digest, grace, eventID, owner.author, uc.now())
	})
	if err != nil {
		return CreatedKey{}, err
	}
	return CreatedKey{Key: rotated, Secret: secret}, nil
}
