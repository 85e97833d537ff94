package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// UsageRecorder keeps what the permission check learns on its way. Nothing of
// it is lost that matters: it is best effort, and writes neither an event nor
// a change that a [ChangeFeed] tells of.
//
// Every method is one statement however long its list, is safe for concurrent
// use, and returns an error that wraps [domain.ErrUnavailable] when the store
// cannot be reached or does not answer before ctx ends.
type UsageRecorder interface {
	// RecordUse sets when each key was last used, and leaves one that was
	// used later as it is. Keys that are unknown or deleted are passed over.
	RecordUse(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error

	// Rehash replaces digests by newer ones of the same secrets. One that is
	// no longer there is passed over: a rotated secret never comes back.
	Rehash(ctx context.Context, replacements []domain.Rehash) error
}
