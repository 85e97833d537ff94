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
	// HasForeign reports whether the store has a secret of another algorithm than
	// [domain.AlgorithmHMACSHA256]. It may count those of deleted keys.
	HasForeign(ctx context.Context) (bool, error)

	// FindForeign returns the ID of the living key that has one of digests, with its
	// algorithm and pepper, or [domain.ErrKeyNotFound] if there is none. None of
	// digests has the algorithm [domain.AlgorithmHMACSHA256]. If several keys do, it
	// returns the least ID. Like that of [KeyFinder], the caller must verify the
	// secret.
	FindForeign(ctx context.Context, digests []domain.Digest) (domain.KeyID, error)

	// WorkspacesOf returns the workspaces of those of the keys that exist, even of
	// deleted ones.
	WorkspacesOf(ctx context.Context, ids []domain.KeyID) (map[domain.KeyID]domain.WorkspaceID, error)
}
