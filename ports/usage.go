package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// UsageRecorder stores the last use of keys and re-hashed digests on behalf of
// the permission check. It is best effort: losing a write is harmless. It writes
// no audit event, and a [ChangeFeed] does not report its changes.
//
// Every method executes one statement, regardless of the length of its list, and
// is safe for concurrent use. It returns an error that wraps
// [domain.ErrUnavailable] if the store cannot be reached or does not respond
// before ctx ends.
type UsageRecorder interface {
	// RecordUse sets the time of last use of each key, cut to whole microseconds,
	// unless a later one is stored. It ignores unknown and deleted keys.
	RecordUse(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error

	// Rehash replaces digests with newer ones of the same secrets. It ignores a
	// digest that is no longer stored, so that a rotated secret never comes back.
	Rehash(ctx context.Context, replacements []domain.Rehash) error
}
