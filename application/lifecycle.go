package application

import (
	"context"
	"io"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Lifecycle stops keys, lets them go on, and ends them.
//
// Its methods return [domain.ErrKeyNotFound] when the owner's workspace has no
// such key, also when another workspace has, and the errors of
// [ports.KeyWriter], those of [ports.Once] among them.
type Lifecycle struct{ changer changer }

// NewLifecycle returns the use case.
func NewLifecycle(keys ports.KeyWriter, random io.Reader, now func() time.Time) *Lifecycle {
	return &Lifecycle{changer{keys: keys, random: random, now: now}}
}

// Disable stops a key until it is enabled. A disabled key stays as it is.
func (uc *Lifecycle) Disable(ctx context.Context, owner Owner, id domain.KeyID, once Once) error {
	return uc.record(ctx, owner, id, once, (*domain.APIKey).Disable)
}

// Enable lets a disabled key go on. Any other stays as it is.
func (uc *Lifecycle) Enable(ctx context.Context, owner Owner, id domain.KeyID, once Once) error {
	return uc.record(ctx, owner, id, once, (*domain.APIKey).Enable)
}

// Delete ends a key for good. Its events stay.
func (uc *Lifecycle) Delete(ctx context.Context, owner Owner, id domain.KeyID, once Once) error {
	return uc.record(ctx, owner, id, once, (*domain.APIKey).Delete)
}

// record makes one change of a key and keeps its event with it.
func (uc *Lifecycle) record(
	ctx context.Context, owner Owner, id domain.KeyID, once Once,
	change func(key *domain.APIKey, eventID string, by domain.Author, now time.Time) domain.Event,
) error {
	_, err := uc.changer.change(ctx, owner, id, once, func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
		return change(key, eventID, owner.author, now), nil
	})
	return err
}
