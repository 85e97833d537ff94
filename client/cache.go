package client

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/domain"
)

// cache stores approvals for a short time. It stores no denials, because they
// would delay a key that was just enabled, and because made-up secrets could then
// evict useful entries.
type cache struct {
	approvals *otter.Cache[checkID, approval]
	ttl       time.Duration
	now       func() time.Time
	// key is random and never leaves the process, so that IDs reveal nothing
	// about the secrets.
	key [sha256.Size]byte
}

// checkID identifies a secret with its scopes and address.
type checkID [sha256.Size]byte

// approval is an approval with the time of its request. The service may have
// decided as early as that.
type approval struct {
	decision domain.Decision
	sent     time.Time
}

// newCache returns the cache that o asks for, or nil if approvals are not cached.
func newCache(o Options) (*cache, error) {
	switch {
	case o.CacheFor < 0 || o.CacheFor > maxCacheFor:
		return nil, fmt.Errorf("client: CacheFor must be between 0 and %v", maxCacheFor)
	case o.CacheEntries < 0:
		return nil, errors.New("client: CacheEntries must not be negative")
	case o.CacheFor == 0:
		return nil, nil
	}
	approvals, err := otter.New(&otter.Options[checkID, approval]{
		MaximumSize:      cmp.Or(o.CacheEntries, defaultCacheEntries),
		ExpiryCalculator: otter.ExpiryWriting[checkID, approval](o.CacheFor),
	})
	if err != nil {
		return nil, fmt.Errorf("client: cache: %w", err)
	}
	c := &cache{approvals: approvals, ttl: o.CacheFor, now: o.Now}
	if c.now == nil {
		c.now = time.Now
	}
	_, err = rand.Read(c.key[:])
	return c, err
}

// get returns the cached approval with the given ID if it is still valid.
func (c *cache) get(id checkID) (domain.Decision, bool) {
	a, ok := c.approvals.GetIfPresent(id)
	if !ok {
		return domain.Decision{}, false
	}
	now, expires := c.now(), a.decision.Key.ExpiresAt
	if domain.Elapsed(a.sent, now) >= c.ttl || !expires.IsZero() && !now.Before(expires) {
		return domain.Decision{}, false
	}
	return a.decision, true
}

func (c *cache) put(id checkID, decision domain.Decision, sent time.Time) {
	c.approvals.Set(id, approval{decision: decision, sent: sent})
}

func (c *cache) close() { c.approvals.StopAllGoroutines() }

// idOf returns the HMAC of everything that the decision depends on. Each part
// follows its length, so that different checks have different inputs.
func (c *cache) idOf(check domain.Check) (id checkID) {
	mac := hmac.New(sha256.New, c.key[:])
	writePart(mac, check.Secret.Reveal())
	writePart(mac, check.Addr.String())
	for _, scope := range check.Scopes {
		writePart(mac, string(scope))
	}
	mac.Sum(id[:0])
	return id
}

func writePart(mac hash.Hash, part string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	_, _ = mac.Write(length[:])
	_, _ = io.WriteString(mac, part)
}
