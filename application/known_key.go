package application

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// KeySource finds the key for a permission check that began at the given time. Its
// methods return [domain.ErrKeyNotFound] if there is none, and an error that wraps
// [domain.ErrUnavailable] if the key cannot be read. It is safe for concurrent
// use.
type KeySource interface {
	Find(ctx context.Context, id domain.KeyID, at time.Time) (*KnownKey, error)

	// FindForeign finds the key that may have a foreign secret.
	FindForeign(ctx context.Context, secret domain.Secret, at time.Time) (*KnownKey, error)
}

// findBySecret returns the key in keys that may have the secret.
func findBySecret(ctx context.Context, keys KeySource, secret domain.Secret, at time.Time) (*KnownKey, error) {
	if secret.Foreign() {
		return keys.FindForeign(ctx, secret, at)
	}
	return keys.Find(ctx, secret.KeyID(), at)
}

// findInEqualTime is like findBySecret, except that it returns nil if there is no such
// key. It hashes the secret even then, so that an unknown key takes as long as a wrong
// secret. A foreign secret need not be hashed again: that was done to look it up.
func findInEqualTime(ctx context.Context, keys KeySource, verifier domain.SecretVerifier, secret domain.Secret, at time.Time) (*KnownKey, error) {
	known, err := findBySecret(ctx, keys, secret, at)
	if !errors.Is(err, domain.ErrKeyNotFound) {
		return known, err
	}
	if !secret.Foreign() {
		verifier.Verify(secret, domain.Digest{})
	}
	return nil, nil
}

// KnownKey is a key in the form that the permission check uses. All checks of a key
// share one KnownKey.
type KnownKey struct {
	grant domain.Grant
	// uses are the times at which the use of the key and then that of each of its scopes
	// was last queued.
	uses []lastQueued
	// rehashes has bit i set while the digest of secret i may be outdated and no
	// replacement is queued or written. A key has at most two secrets; any beyond
	// 32 would never be re-hashed.
	rehashes atomic.Uint32
	// counting is set while the key is in a countQueue. It is reset before the counts are
	// taken, so that every later check queues the key again.
	counting atomic.Bool
	allowed  dayCount
	// uncommon is nil until it is needed.
	uncommon atomic.Pointer[uncommonParts]
}

// uncommonParts are the parts of a [KnownKey] that most keys do not need. They are
// allocated separately because there may be a million cached keys.
type uncommonParts struct {
	limited  LimitedKey // used only if the key has limits
	denied   deniedCounts
	previous lastQueued // use of a secret in its grace period
}

// NewKnownKey returns the current state of key for the permission check.
func NewKnownKey(key *domain.APIKey) *KnownKey {
	k := &KnownKey{grant: *key.Grant()}
	k.uses = make([]lastQueued, 1+k.grant.ScopeCount())
	k.rehashes.Store(math.MaxUint32)
	if used := key.Snapshot().LastUsedAt; !used.IsZero() {
		k.ofKey().at.Store(seconds(used))
	}
	if limits := k.grant.Limits(); limits != nil {
		k.uncommonParts().limited = LimitedKey{ID: k.grant.ID(), Limits: limits}
	}
	return k
}

func (k *KnownKey) uncommonParts() *uncommonParts {
	if k.uncommon.Load() == nil {
		k.uncommon.CompareAndSwap(nil, new(uncommonParts))
	}
	return k.uncommon.Load()
}

// limited returns nil if the key has no limits.
func (k *KnownKey) limited() *LimitedKey {
	if k.grant.Limits() == nil {
		return nil
	}
	return &k.uncommon.Load().limited
}

func (k *KnownKey) ofKey() *lastQueued { return &k.uses[0] }

// ofScope returns the use of the scope with index i of the grant.
func (k *KnownKey) ofScope(i int) *lastQueued { return &k.uses[1+i] }

// ID returns the ID of the key.
func (k *KnownKey) ID() domain.KeyID { return k.grant.ID() }

// Authorize returns the decision of the key's [domain.Grant] on check, and the
// index of the secret that the caller proved, or -1.
func (k *KnownKey) Authorize(check domain.Check, verifier domain.SecretVerifier, at time.Time) (decision domain.Decision, proven int) {
	return k.grant.AuthorizeSecret(check, verifier, at)
}

// lastQueued is the time at which a use was last queued to be written, in Unix seconds,
// which fit until 2106; 0 if never.
type lastQueued struct{ at atomic.Uint32 }

// claim reports whether the caller must queue a use at now. Of concurrent callers, it
// returns true to one.
func (u *lastQueued) claim(now uint32) bool {
	last := u.at.Load()
	// If the last use is later than now, the clock has been set back since.
	due := last > now || now-last >= notedEvery
	return due && u.at.CompareAndSwap(last, now)
}

func seconds(t time.Time) uint32 { return uint32(t.Unix()) }

// mayNeedRehash reports whether it is still unknown if the digest of a secret is
// outdated.
func (k *KnownKey) mayNeedRehash(secret int) bool { return k.rehashes.Load()&(1<<secret) != 0 }

// claimRehash reports whether the caller must queue the replacement of a digest.
// It returns true to one caller, which calls rehashDue if it cannot queue it.
func (k *KnownKey) claimRehash(secret int) bool {
	bit := uint32(1) << secret
	return k.rehashes.And(^bit)&bit != 0
}

// rehashDue makes the next use of a secret try to replace its digest again.
func (k *KnownKey) rehashDue(secret int) { k.rehashes.Or(1 << secret) }
