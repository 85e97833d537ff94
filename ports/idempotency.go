package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Idempotency is the idempotency key of a request that changes an API key. It is
// scoped to a workspace. A method that gets one makes the change only if no
// earlier request with the same idempotency key has made one. Otherwise it
// returns
//
//   - a [*Replayed] if the earlier request had the same fingerprint;
//   - [domain.ErrIdempotencyKeyReused] if it had another fingerprint;
//   - [domain.ErrIdempotencyKeyInUse] if it is still in flight, in any process. A
//     store that serializes changes may instead wait and return one of the other
//     two.
//
// The idempotency key is checked before anything about the API key. A successful
// request that changes nothing counts as a change; a request that fails leaves
// the idempotency key unused.
type Idempotency struct {
	Key         string   // 1 to 255 visible ASCII characters
	Fingerprint [32]byte // of the request
	At          time.Time
	Until       time.Time // the time from which the idempotency key may be used again
}

// Replayed is the error for a change that an earlier request with the same
// idempotency key and fingerprint has made. It is not a failure.
type Replayed struct {
	// Outcome is the key after the earlier request, without its secrets.
	Outcome *domain.APIKey
	// At is the time of the earlier request.
	At time.Time
}

func (*Replayed) Error() string {
	return "an earlier request with the same idempotency key made the change"
}

// IdempotencyStore stores idempotency keys. Its methods are safe for concurrent use.
// They return an error that wraps [domain.ErrUnavailable] if the store cannot be
// reached or does not respond before the context ends.
type IdempotencyStore interface {
	// Replayed returns the result that a change with idempotency would get, or nil and
	// no error if the change would be made.
	Replayed(ctx context.Context, workspace domain.WorkspaceID, idempotency Idempotency) (*Replayed, error)

	// Forget removes up to limit idempotency keys whose Until is not after
	// since, and returns the number removed.
	Forget(ctx context.Context, since time.Time, limit int) (int, error)
}
