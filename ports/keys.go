package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// KeyReader reads keys. A deleted key is not found by any of its methods.
//
// A key that is damaged where it is stored is returned like any other, with what
// cannot be read replaced as [domain.Rehydrate] says: damage to one part must
// not keep anyone from the rest, or from other keys.
//
// Every method is safe for concurrent use and returns a key of the caller's
// own. It returns an error that wraps [domain.ErrUnavailable] when the store
// cannot be reached or does not answer before the context ends.
type KeyReader interface {
	// Get returns the key of that workspace. It returns
	// [domain.ErrKeyNotFound] when there is none, also when the key exists
	// in another workspace.
	Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error)

	// List returns one page of the keys of that workspace which filter
	// admits, in that order, and how many it admits in all. It is empty
	// beyond the last page and for a workspace that has no key.
	List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (KeyPage, error)

	// ListAll is List over the keys of all workspaces, for operators. It may
	// read every key of the store.
	ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (KeyPage, error)

	KeyFinder
}

// KeyPage is one page of a list of keys.
type KeyPage struct {
	Keys  []*domain.APIKey
	Total int64 // on all pages together, exactly
}

// KeyFinder finds keys for the permission check, with the promises of [KeyReader].
type KeyFinder interface {
	// Find returns the key whatever its workspace: whoever asks proves the
	// key by its secret. It returns [domain.ErrKeyNotFound] when there is none.
	Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error)
}

// KeyWriter changes keys. A change, its audit event and the idempotency key it
// was asked for under are written together or not at all, and once a method
// returns nil all of them outlive a crash of the process, and of the machine
// where the store is durable.
//
// Every method is safe for concurrent use. It returns an error that wraps
// [domain.ErrUnavailable] when the store cannot be reached or does not answer
// before the context ends; whether the change was made is then unknown. See
// [Once] for the errors of a change that is asked for under an idempotency key.
type KeyWriter interface {
	// Create stores a new key with the event of its making. It returns
	// [domain.ErrKeyExists], and stores nothing, when a key with that
	// identifier exists in any workspace, living or deleted, and
	// [domain.ErrTooManyKeys] when the workspace has MaxKeys living keys,
	// however many are created at once.
	Create(ctx context.Context, key *domain.APIKey, event domain.Event, options CreateOptions) error

	// Update reads the key of that workspace, lets change decide, and stores
	// what change left of it with the event change returned. Updates of one
	// key happen one after the other: change sees what the last one left.
	// It may be called more than once, on a key read anew each time, and must
	// have no other effect; the last call counts.
	//
	// A part of the key that cannot be read, and that change does not replace,
	// stays as it is stored.
	//
	// When change returns an error nothing is stored and that error is
	// returned as it is. An event without an ID says that nothing changed:
	// nothing of the key is stored, and Update returns nil. It returns
	// [domain.ErrKeyNotFound], without a call of change, when there is no
	// such key, when it is deleted, or when it is another workspace's.
	Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options UpdateOptions) error
}

// CreateOptions are what the creation of a key depends on beside the key.
type CreateOptions struct {
	// MaxKeys is how many living keys the workspace may have; 0: any number.
	// A key lives until it is deleted.
	MaxKeys int
	// Once is the idempotency key of the request; nil: it has none.
	Once *Once
}

// UpdateOptions are what a change of a key depends on beside the key.
type UpdateOptions struct {
	// Once is the idempotency key of the request; nil: it has none.
	Once *Once
}

// EventReader reads the audit trail.
type EventReader interface {
	// Events returns one page of the events of a key of that workspace, what
	// happened last first whatever the clock said, of a deleted key too. It is
	// empty for a key that never was there. What cannot be read of an event is
	// left out, or marked [domain.Unreadable] among its changes.
	Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (EventPage, error)
}

// EventPage is one page of the trail of a key.
type EventPage struct {
	Events []domain.Event
	Total  int64 // on all pages together, exactly
}

// KeyRepository keeps keys and their audit trail.
type KeyRepository interface {
	KeyReader
	KeyWriter
	EventReader
	OnceKeeper

	// Ready returns nil when the store is connected and its schema is the
	// one this version needs, and else an error that says which is missing.
	Ready(ctx context.Context) error
}
