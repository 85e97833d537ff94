package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// ForeignKeys finds keys by the digests of secrets that other systems issued, which
// do not contain the ID of their key. The keys are created, re-hashed and changed by
// the other ports, like any other.
//
// Its methods are safe for concurrent use. They return an error that wraps
// [domain.ErrUnavailable] if the store cannot be reached or does not respond before
// the context ends.
type ForeignKeys interface {
	// HasForeign reports whether the store has a secret with an algorithm other than
	// [domain.AlgorithmHMACSHA256]. It may take deleted keys into account.
	HasForeign(ctx context.Context) (bool, error)

	// FindForeign returns the ID of the living key that has one of digests, with the
	// same algorithm and pepper, or [domain.ErrKeyNotFound] if there is none. If there
	// are several, it returns the least ID. None of digests may have the algorithm
	// [domain.AlgorithmHMACSHA256]. As with [KeyFinder], the caller must verify the
	// secret.
	FindForeign(ctx context.Context, digests []domain.Digest) (domain.KeyID, error)

	// WorkspacesOf returns the workspaces of the given keys. It leaves out keys that
	// never existed, but not deleted ones.
	WorkspacesOf(ctx context.Context, ids []domain.KeyID) (map[domain.KeyID]domain.WorkspaceID, error)
}
