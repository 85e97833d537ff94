package application

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// UpdateKey changes what the owner of a key decides of it.
type UpdateKey struct{ changer changer }

// NewUpdateKey returns the use case.
func NewUpdateKey(keys ports.KeyWriter, random io.Reader, now func() time.Time) *UpdateKey {
	return &UpdateKey{changer{keys: keys, random: random, now: now}}
}

// Do revises a key and returns it as it is then. A revision that changes
// nothing records nothing. Where seen is not nil the key must still have one
// of those tags, else Do returns [domain.ErrChanged].
//
// It returns a [domain.ValidationError] for an expiry in the past,
// [domain.ErrKeyNotFound] when the owner's workspace has no such key, and the
// errors of [ports.KeyWriter].
func (uc *UpdateKey) Do(ctx context.Context, owner Owner, id domain.KeyID, revision domain.Revision, seen []string) (*domain.APIKey, error) {
	return uc.changer.change(ctx, owner, id, Once{}, func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
		if seen != nil && !slices.Contains(seen, key.Tag()) {
			return domain.Event{}, domain.ErrChanged
		}
		return key.Revise(revision, eventID, owner.author, now)
	})
}
