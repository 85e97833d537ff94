package application

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// CreateKey issues new keys.
type CreateKey struct {
	keys    ports.KeyWriter
	onces   ports.OnceKeeper
	hasher  ports.SecretHasher
	random  io.Reader
	now     func() time.Time
	maximum MaximumKeys
}

// MaximumKeys is how many living keys a workspace may have; 0: any number.
type MaximumKeys int

// NewCreateKey returns the use case. Secrets are made of what random gives,
// which must be cryptographically secure.
func NewCreateKey(keys ports.KeyWriter, onces ports.OnceKeeper, hasher ports.SecretHasher, random io.Reader, now func() time.Time, maximum MaximumKeys) *CreateKey {
	return &CreateKey{keys: keys, onces: onces, hasher: hasher, random: random, now: now, maximum: maximum}
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
// [domain.ErrTestKeyPortal] for a TEST key outside the PARTNER portal, a
// [domain.ValidationError] for a spec without a name or with an expiry in the
// past, and the errors of [ports.KeyWriter], those of [ports.Once] among them.
func (uc *CreateKey) Do(ctx context.Context, owner Owner, spec KeySpec, once Once) (CreatedKey, error) {
	if err := owner.check(); err != nil {
		return CreatedKey{}, err
	}
	now := uc.now()
	created, event, err := uc.issue(owner, spec, now)
	if err != nil {
		return CreatedKey{}, uc.refused(ctx, owner, once.at(now), err)
	}
	options := ports.CreateOptions{MaxKeys: int(uc.maximum), Once: once.at(now)}
	if err := uc.keys.Create(ctx, created.Key, event, options); err != nil {
		return CreatedKey{}, err
	}
	return created, nil
}

func (uc *CreateKey) issue(owner Owner, spec KeySpec, now time.Time) (CreatedKey, domain.Event, error) {
	if spec.Mode == 0 {
		spec.Mode = domain.ModeLive
	}
	secret, err := domain.NewSecret(uc.random, spec.Mode)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	eventID, err := domain.NewEventID(uc.random)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	key, err := domain.Issue(domain.Draft{
		Workspace:   owner.workspace,
		Name:        spec.Name,
		Mode:        spec.Mode,
		Scopes:      spec.Scopes,
		IPWhitelist: spec.IPWhitelist,
		ExpiresAt:   spec.ExpiresAt,
	}, secret.KeyID(), uc.hasher.Hash(secret), owner.author, now)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	return CreatedKey{Key: key, Secret: secret}, key.Created(eventID, owner.author), nil
}

// refused returns why no key was issued. A request that was carried out before
// is not refused because its expiry has come meanwhile.
func (uc *CreateKey) refused(ctx context.Context, owner Owner, once *ports.Once, refusal error) error {
	var invalid domain.ValidationError
	if once == nil || !errors.As(refusal, &invalid) {
		return refusal
	}
	replayed, err := uc.onces.Replayed(ctx, owner.workspace, *once)
	switch {
	case replayed != nil:
		return replayed
	case errors.Is(err, domain.ErrUnavailable):
		return err
	}
	return refusal
}
