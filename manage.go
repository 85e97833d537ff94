package apikeys

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// useCases are what the owner of a workspace can do, for both doors.
type useCases struct {
	owners    *application.RequireOwner
	create    *application.CreateKey
	get       *application.GetKey
	list      *application.ListKeys
	update    *application.UpdateKey
	rotate    *application.RotateKey
	lifecycle *application.Lifecycle
	events    *application.ListEvents
}

// Owner returns the proof that actor owns the workspace, which every
// management method asks for. The audit trail keeps from where they came. It
// returns [domain.ErrNotOwner], or an error that wraps [domain.ErrUnavailable].
func (s *Service) Owner(ctx context.Context, actor domain.Actor, workspace domain.WorkspaceID, from domain.Origin) (Owner, error) {
	return s.owners.Do(ctx, actor, workspace, from)
}

// CreateKey issues a key. It returns [domain.ErrTestKeyPortal] for a TEST key
// outside the PARTNER portal, [domain.ErrTooManyKeys] when the workspace has as
// many as it may, and a [domain.ValidationError] for a spec without a name or
// with an expiry in the past; see [Service] for the errors of all such methods.
func (s *Service) CreateKey(ctx context.Context, owner Owner, spec KeySpec, once Once) (CreatedKey, error) {
	return s.create.Do(ctx, owner, spec, once)
}

// GetKey returns a key, without its secret, or [domain.ErrKeyNotFound].
func (s *Service) GetKey(ctx context.Context, owner Owner, id domain.KeyID) (*domain.APIKey, error) {
	return s.get.Do(ctx, owner, id)
}

// ListKeys returns one page of the keys that filter admits at its At, or now
// where that is zero.
func (s *Service) ListKeys(ctx context.Context, owner Owner, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return s.list.Do(ctx, owner, filter, order, page)
}

// UpdateKey revises a key. Where seen is not nil the key must still have one
// of those tags ([domain.APIKey.Tag]), else it returns [domain.ErrChanged]. It
// returns [domain.ErrKeyNotFound], and a [domain.ValidationError] for an expiry
// in the past.
func (s *Service) UpdateKey(ctx context.Context, owner Owner, id domain.KeyID, revision domain.Revision, seen []string) (*domain.APIKey, error) {
	return s.update.Do(ctx, owner, id, revision, seen)
}

// RotateKey gives a key a new secret and lets the old one work until the grace
// ends, which is 0 to [domain.MaxGrace]. It returns [domain.ErrKeyNotFound],
// [domain.ErrConflict] for an expired key, and a [domain.ValidationError] for
// another grace.
func (s *Service) RotateKey(ctx context.Context, owner Owner, id domain.KeyID, grace time.Duration, once Once) (CreatedKey, error) {
	return s.rotate.Do(ctx, owner, id, grace, once)
}

// DisableKey stops a key until it is enabled. It returns
// [domain.ErrKeyNotFound].
func (s *Service) DisableKey(ctx context.Context, owner Owner, id domain.KeyID, once Once) error {
	return s.lifecycle.Disable(ctx, owner, id, once)
}

// EnableKey lets a disabled key go on. It returns [domain.ErrKeyNotFound].
func (s *Service) EnableKey(ctx context.Context, owner Owner, id domain.KeyID, once Once) error {
	return s.lifecycle.Enable(ctx, owner, id, once)
}

// DeleteKey ends a key for good. Its events stay. It returns
// [domain.ErrKeyNotFound].
func (s *Service) DeleteKey(ctx context.Context, owner Owner, id domain.KeyID, once Once) error {
	return s.lifecycle.Delete(ctx, owner, id, once)
}

// KeyEvents returns one page of what happened to a key, newest first, also
// when it is deleted. It returns [domain.ErrKeyNotFound].
func (s *Service) KeyEvents(ctx context.Context, owner Owner, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	return s.events.Do(ctx, owner, id, page)
}
