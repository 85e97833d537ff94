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
type UpdateKey struct {
	keys   ports.KeyWriter
	random io.Reader
	now    func() time.Time
}

// NewUpdateKey returns the use case.
func NewUpdateKey(keys ports.KeyWriter, random io.Reader, now func() time.Time) *UpdateKey {
	return &UpdateKey{keys: keys, random: random, now: now}
}

// Do revises a key and returns it as it is then. A revision that changes
// nothing records nothing. Where seen is not nil the key must still have one
// of those tags, else Do returns [domain.ErrChanged].
//
// It returns [domain.Faults] for an expiry in the past,
// [domain.ErrKeyNotFound] when the owner's workspace has no such key, and the
// errors of [ports.KeyWriter].
func (uc *UpdateKey) Do(ctx context.Context, owner Owner, id domain.KeyID, revision domain.Revision, seen []string) (*domain.APIKey, error) {
	if !owner.proven() {
		return nil, domain.ErrNotOwner
	}
	eventID, err := domain.NewEventID(uc.random)
	if err != nil {
		return nil, err
	}
	var revised *domain.APIKey
	err = uc.keys.Update(ctx, owner.workspace, id, func(key *domain.APIKey) (domain.Event, error) {
		if seen != nil && !slices.Contains(seen, key.Tag()) {
			return domain.Event{}, domain.ErrChanged
		}
		event, err := key.Revise(revision, eventID, owner.author, uc.now())
		revised = key
		return event, err
	})
	if err != nil {
		return nil, err
	}
	return revised, nil
}
