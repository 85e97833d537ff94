package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// KeyReader reads keys. None of its methods except FindEver finds a deleted key.
//
// A key whose stored form is damaged is returned like any other, with the unreadable
// parts replaced as described at [domain.Rehydrate]. Damage to one part must not
// prevent access to the rest or to other keys.
//
// Every method is safe for concurrent use and returns keys that the caller may
// modify. It returns an error that wraps [domain.ErrUnavailable] if the store
// cannot be reached or does not respond before the context ends.
type KeyReader interface {
	// Get returns the key with the given ID in workspace, or
	// [domain.ErrKeyNotFound] if there is none, even if it exists in another
	// workspace.
	Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error)

	// List returns one page of the keys of workspace that filter admits, in the
	// given order, and the total number of admitted keys. The page is empty
	// beyond the last one and for a workspace without keys.
	List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (KeyPage, error)

	// ListAll is like List for the keys of all workspaces, for operators. It may
	// scan the whole store.
	ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (KeyPage, error)

	// FindEver is like Find, but also finds a deleted key, with the secrets it had.
	FindEver(ctx context.Context, id domain.KeyID) (*domain.APIKey, error)

	KeyFinder
}

// KeyPage is one page of a list of keys.
type KeyPage struct {
	Keys  []*domain.APIKey
	Total int64 // exact number on all pages
}

// KeyFinder finds keys for the permission check, with the promises of [KeyReader].
type KeyFinder interface {
	// Find returns the key with the given ID in any workspace, or
	// [domain.ErrKeyNotFound] if there is none. The caller must verify the
	// secret, which takes the place of the workspace check.
	Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error)
}

// KeyWriter changes keys. A change, its audit event and the idempotency key of
// its request are written atomically. Once a method has returned nil, they
// survive a crash of the process and, if the store is durable, of the machine.
//
// Every method is safe for concurrent use. It returns an error that wraps
// [domain.ErrUnavailable] if the store cannot be reached or does not respond
// before the context ends; it is then unknown whether the change was made. See
// [Idempotency] for the errors of a request with an idempotency key.
type KeyWriter interface {
	// Create stores a new key and event. It stores nothing and returns
	// [domain.ErrKeyExists] if a key with the same ID exists in any workspace, even a
	// deleted one, and [domain.ErrTooManyKeys] if the workspace has MaxKeys living
	// keys. The limit is exact under concurrency. The ID of event must be new, because
	// a store that lost its connection may use it to find out whether it has stored the
	// event.
	Create(ctx context.Context, key *domain.APIKey, event domain.Event, options CreateOptions) error

	// Update reads a key of workspace, calls change with it, and stores the
	// modified key and the event that change returned. Updates of one key are
	// serialized: change sees the result of the previous update. Update may call
	// change more than once, each time with a key read again, and the last call
	// counts; change must have no side effects.
	//
	// An unreadable part of the key that change does not replace is left as it
	// is stored.
	//
	// If change returns an error, Update stores nothing and returns that error
	// unchanged. If the event has no ID, nothing has changed, and Update stores
	// nothing of the key and returns nil. Update returns [domain.ErrKeyNotFound]
	// without calling change if the key does not exist, is deleted, or belongs
	// to another workspace.
	Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options UpdateOptions) error
}

// CreateOptions are the options of [KeyWriter].Create.
type CreateOptions struct {
	// MaxKeys is the maximum number of living keys of the workspace; 0 means no
	// limit. A key is living until it is deleted.
	MaxKeys int
	// Idempotency is the idempotency key of the request, or nil.
	Idempotency *Idempotency
}

// UpdateOptions are the options of [KeyWriter].Update.
type UpdateOptions struct {
	// Idempotency is the idempotency key of the request, or nil.
	Idempotency *Idempotency
}

// EventReader reads the audit trail.
type EventReader interface {
	// Events returns one page of the events of a key of workspace, even of a
	// deleted one. The most recent event is first, in the order in which they
	// were stored, not by their time. The page is empty for a key that never
	// existed. Unreadable fields of an event are empty; unreadable changes are
	// marked [domain.Unreadable].
	Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (EventPage, error)
}

// EventPage is one page of the audit trail of a key.
type EventPage struct {
	Events []domain.Event
	Total  int64 // exact number on all pages
}

// KeyRepository stores keys, their audit trails and the check values of peppers.
type KeyRepository interface {
	KeyReader
	KeyWriter
	EventReader
	IdempotencyStore
	PepperKeeper

	// Ready returns nil if the store is reachable and has the schema that this
	// version requires, and otherwise an error that states the problem.
	Ready(ctx context.Context) error
}
