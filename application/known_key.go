package application

import (
	"context"
	"math"
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
	// rehashes has bit i set while the digest of secret i may be outdated and
	// no replacement of it is queued or written. A key has two secrets at most;
	// one beyond 32 is never replaced.
	rehashes atomic.Uint32
}

// NewKnownKey returns key, as it is now, for the permission check.
func NewKnownKey(key *domain.APIKey) *KnownKey {
	k := &KnownKey{grant: *key.Grant()}
	k.rehashes.Store(math.MaxUint32)
	if used := key.Snapshot().LastUsedAt; !used.IsZero() {
		k.noted.Store(used.Unix())
	}
	return k
}

// ID returns the identifier of the key.
func (k *KnownKey) ID() domain.KeyID { return k.grant.ID() }

// Authorize answers check as the key's [domain.Grant] does. It also returns the
// index of the secret that the check proved, or -1.
func (k *KnownKey) Authorize(check domain.Check, verifier domain.SecretVerifier, at time.Time) (decision domain.Decision, proven int) {
	return k.grant.Judge(check, verifier, at)
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

// mayNeedRehash reports whether the digest of a secret has yet to be compared
// with what the hasher makes now.
func (k *KnownKey) mayNeedRehash(secret int) bool { return k.rehashes.Load()&(1<<secret) != 0 }

// claimRehash reports whether the caller is the one to queue the replacement of
// a digest. Whoever cannot queue it calls rehashDue.
func (k *KnownKey) claimRehash(secret int) bool {
	bit := uint32(1) << secret
	return k.rehashes.And(^bit)&bit != 0
}

// rehashDue has the next use of a secret try to replace its digest.
func (k *KnownKey) rehashDue(secret int) { k.rehashes.Or(1 << secret) }
