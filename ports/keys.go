package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// KeyReader reads keys. A deleted key is not found by any of its methods.
//
// Every method is safe for concurrent use and returns a key of the caller's
// own. It returns an error that wraps [domain.ErrUnavailable] when the store
// cannot be reached or does not answer before the context ends.
type KeyReader interface {
	// Get returns the key of that workspace. It returns
	// [domain.ErrKeyNotFound] when there is none, also when the key exists
	// in another workspace.
	Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error)

	KeyFinder
}

// KeyFinder finds keys for the permission check, with the promises of [KeyReader].
type KeyFinder interface {
	// Find returns the key whatever its workspace: whoever asks proves the
	// key by its secret. It returns [domain.ErrKeyNotFound] when there is none.
	Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error)
}

// KeyWriter changes keys. A change and its audit event are written together
// or not at all, and once a method returns nil both outlive a crash of the
// process, and of the machine where the store is durable.
//
// Every method is safe for concurrent use. It returns an error that wraps
// [domain.ErrUnavailable] when the store cannot be reached or does not answer
// before the context ends; whether the change was made is then unknown.
type KeyWriter interface {
	// Create stores a new key with the event of its making. It returns
	// [domain.ErrKeyExists], and stores nothing, when a key with that
	// identifier exists in any workspace, living or deleted.
	Create(ctx context.Context, key *domain.APIKey, event domain.Event) error

	// Update reads the key of that workspace, lets change decide, and stores
	// what change left of it with the event change returned. Updates of one
	// key happen one after the other: change sees what the last one left.
	// It may be called more than once, on a key read anew each time, and must
	// have no other effect; the last call counts.
	//
	// When change returns an error nothing is stored and that error is
	// returned as it is. An event without an ID says that nothing changed:
	// nothing is stored, and Update returns nil. It returns
	// [domain.ErrKeyNotFound], without a call of change, when there is no
	// such key, when it is deleted, or when it is another workspace's.
	Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error)) error
}

// EventReader reads the audit trail.
type EventReader interface {
	// Events returns the events of a key of that workspace, newest first,
	// of a deleted key too. It is empty for a key that never was there.
	Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) ([]domain.Event, error)
}

// KeyRepository keeps keys and their audit trail.
type KeyRepository interface {
	KeyReader
	KeyWriter
	EventReader

	// Ready returns nil when the store is connected and its schema is the
	// one this version needs, and else an error that says which is missing.
	Ready(ctx context.Context) error
}
