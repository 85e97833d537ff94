package application

import (
	"context"
	"io"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// CreateKey issues new keys.
type CreateKey struct {
	keys   ports.KeyWriter
	hasher ports.SecretHasher
	random io.Reader
	now    func() time.Time
}

// NewCreateKey returns the use case. Secrets are made of what random gives,
// which must be cryptographically secure.
func NewCreateKey(keys ports.KeyWriter, hasher ports.SecretHasher, random io.Reader, now func() time.Time) *CreateKey {
	return &CreateKey{keys: keys, hasher: hasher, random: random, now: now}
}

// KeySpec is what the owner of a new key decides.
type KeySpec struct {
	Name        domain.Name
	Mode        domain.Mode // LIVE when zero
	Scopes      domain.ScopeSet
	IPWhitelist domain.IPWhitelist
	ExpiresAt   time.Time // zero: never
}

// CreatedKey is a new key and the only copy of its secret.
type CreatedKey struct {
	Key    *domain.APIKey
	Secret domain.Secret
}

// Do issues a key in the owner's workspace and records who did it. It returns
// [domain.ErrTestKeyPortal] for a TEST key outside the PARTNER portal,
// [domain.Faults] for a spec without a name or with an expiry in the past, and
// the errors of [ports.KeyWriter].
func (uc *CreateKey) Do(ctx context.Context, owner Owner, spec KeySpec) (CreatedKey, error) {
	if !owner.proven() {
		return CreatedKey{}, domain.ErrNotOwner
	}
	if spec.Mode == 0 {
		spec.Mode = domain.ModeLive
	}
	secret, err := domain.NewSecret(uc.random, spec.Mode)
	if err != nil {
		return CreatedKey{}, err
	}
	eventID, err := domain.NewEventID(uc.random)
	if err != nil {
		return CreatedKey{}, err
	}
	key, err := domain.Issue(domain.Draft{
		Workspace:   owner.workspace,
		Name:        spec.Name,
		Mode:        spec.Mode,
		Scopes:      spec.Scopes,
		IPWhitelist: spec.IPWhitelist,
		ExpiresAt:   spec.ExpiresAt,
	}, secret.KeyID(), uc.hasher.Hash(secret), owner.author, uc.now())
	if err != nil {
		return CreatedKey{}, err
	}
	if err := uc.keys.Create(ctx, key, key.Created(eventID, owner.author)); err != nil {
		return CreatedKey{}, err
	}
	return CreatedKey{Key: key, Secret: secret}, nil
}
