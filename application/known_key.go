package application

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// KeySource finds the key that a permission check, begun at an instant, is
// about. It returns [domain.ErrKeyNotFound], or an error that wraps
// [domain.ErrUnavailable]. It is safe for concurrent use.
type KeySource interface {
	Find(ctx context.Context, id domain.KeyID, at time.Time) (*KnownKey, error)
}

// KnownKey is a key as the permission check holds it, shared by all checks of
// that key.
type KnownKey struct {
	grant domain.Grant
	// noted is when its use was last handed on, in Unix seconds; 0: never.
	noted atomic.Int64
	// rehashed says that the replacement of its digest was queued.
	rehashed atomic.Bool
}

// NewKnownKey returns key, as it is now, for the permission check.
func NewKnownKey(key *domain.APIKey) *KnownKey {
	k := &KnownKey{grant: *key.Grant()}
	if used := key.Snapshot().LastUsedAt; !used.IsZero() {
		k.noted.Store(used.Unix())
	}
	return k
}

// ID returns the identifier of the key.
func (k *KnownKey) ID() domain.KeyID { return k.grant.ID() }

// Authorize answers check at an instant, as the key's [domain.Grant] does.
func (k *KnownKey) Authorize(check domain.Check, verifier domain.SecretVerifier, at time.Time) domain.Decision {
	return k.grant.Authorize(check, verifier, at)
}

// due says whether a use at an instant, in Unix seconds, is to be handed on,
// and when that was last done.
func (k *KnownKey) due(now int64) (last int64, due bool) {
	last = k.noted.Load()
	// A use ahead of now was noted by a clock that has been set back since.
	return last, last > now || now-last >= notedEvery
}

// claim says whether the caller is the one to hand on a use that is due. Of
// those who were told of the same last time one is.
func (k *KnownKey) claim(last, now int64) bool { return k.noted.CompareAndSwap(last, now) }
