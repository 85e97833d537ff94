package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Once is the idempotency key of a request that makes a change. It belongs to
// a workspace. The method that is given one makes the change only if no
// request has made one under that key before, and else makes none and returns
//
//   - a [*Replayed] when that request had the same fingerprint;
//   - [domain.ErrOnceReused] when it had another;
//   - [domain.ErrOnceRunning] when it is still under way, in this process or
//     another. A store in which changes wait for each other need not: it may
//     wait and return one of the two above.
//
// This comes before all that the key itself could be refused for. A request
// that changes nothing but is no error counts as one that made a change; one
// that returns an error leaves the idempotency key free.
type Once struct {
	Key         string   // 1 to 255 visible ASCII characters
	Fingerprint [32]byte // of the request
	At          time.Time
	Until       time.Time // from when on the idempotency key is free again
}

// Replayed is the error of a change that was made before, by a request with
// the same idempotency key and fingerprint. It is no failure.
type Replayed struct {
	// Outcome is the key as that request left it, without its secrets.
	Outcome *domain.APIKey
	// At is when that request came.
	At time.Time
}

func (*Replayed) Error() string { return "the change was made before, under the same idempotency key" }

// OnceKeeper remembers idempotency keys. Its methods are safe for concurrent
// use and return an error that wraps [domain.ErrUnavailable] when the store
// cannot be reached or does not answer before the context ends.
type OnceKeeper interface {
	// Replayed returns what a change under once would be answered with, and
	// nil, without an error, when it would be made.
	Replayed(ctx context.Context, workspace domain.WorkspaceID, once Once) (*Replayed, error)

	// Forget removes idempotency keys that have been free since an instant or
	// longer, no more than limit of them, and returns how many it removed.
	Forget(ctx context.Context, since time.Time, limit int) (int, error)
}
