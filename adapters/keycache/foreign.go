package keycache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// concurrentForeign is the maximum number of look-ups of foreign secrets in
	// flight. Anyone can make up such secrets.
	concurrentForeign = 2
	// foreignAskedFor is how long the answer of the store to whether it has any foreign
	// secret is used.
	foreignAskedFor = time.Second
)

// foreign finds the IDs of keys by foreign secrets. It remembers secrets by their
// digest under the current pepper.
type foreign struct {
	store   ports.ForeignKeys
	hasher  ports.SecretHasher
	lookups *loads[domain.KeyID]
	asking  *loads[bool]
	asked   atomic.Pointer[askedForeign]
	// created counts the keys with a foreign secret that this process has created.
	// Results that were read before the latest one are not used.
	created atomic.Uint64

	// A known ID stays valid however the key changes, because the secret is verified
	// against the record of the key. The types are those of the other caches, so that
	// their generic code is linked only once.
	known   *otter.Cache[string, *domain.KeyID]
	unknown *otter.Cache[string, struct{}] // by created and digest
}

// askedForeign is the answer to whether the store has any foreign secret.
type askedForeign struct {
	any     bool
	at      time.Time
	created uint64
}

func newForeign(o Options) (*foreign, error) {
	known, err := otter.New(&otter.Options[string, *domain.KeyID]{MaximumSize: o.MaximumKeys})
	if err != nil {
		return nil, fmt.Errorf("cache of foreign secrets: %w", err)
	}
	unknown, err := otter.New(&otter.Options[string, struct{}]{
		MaximumSize:      unknownIDs,
		ExpiryCalculator: otter.ExpiryWriting[string, struct{}](unknownFor),
	})
	if err != nil {
		return nil, fmt.Errorf("cache of unknown foreign secrets: %w", err)
	}
	return &foreign{
		store:   o.Foreign,
		hasher:  o.Hasher,
		lookups: newLoads[domain.KeyID](concurrentForeign, loadTimeout),
		asking:  newLoads[bool](1, loadTimeout),
		known:   known,
		unknown: unknown,
	}, nil
}

// FindForeign is like Find for the key that may have a foreign secret. It neither
// hashes the secret nor looks it up if the store had no foreign secret when it was last
// asked, which is repeated after a second if the store responds.
func (c *Cache) FindForeign(ctx context.Context, secret domain.Secret, at time.Time) (*application.KnownKey, error) {
	if c.foreign == nil {
		return nil, domain.ErrKeyNotFound
	}
	switch stored, err := c.foreign.any(ctx, at); {
	case err != nil:
		return nil, err
	case !stored:
		return nil, domain.ErrKeyNotFound
	}
	id, sum, err := c.foreign.find(ctx, secret)
	if err != nil {
		return nil, err
	}
	known, err := c.Find(ctx, id, at)
	if errors.Is(err, domain.ErrKeyNotFound) {
		c.foreign.known.Invalidate(sum) // another key may have the secret
	}
	return known, err
}

// any reports whether the store has any foreign secret.
func (f *foreign) any(ctx context.Context, at time.Time) (bool, error) {
	created := f.created.Load()
	last := f.asked.Load()
	if last != nil && last.created != created {
		last = nil
	}
	if last != nil && at.Sub(last.at).Abs() <= foreignAskedFor {
		return last.any, nil
	}
	stored, err := f.asking.do(ctx, strconv.FormatUint(created, 10), func(ctx context.Context) (bool, error) { return f.store.HasForeign(ctx) })
	switch {
	case err == nil:
		f.asked.Store(&askedForeign{any: stored, at: at, created: created})
	case errors.Is(err, domain.ErrUnavailable) && last != nil && !last.any:
		return false, nil
	}
	return stored, err
}

// find returns the ID of the key that may have the secret, and the digest under which
// the ID is cached.
func (f *foreign) find(ctx context.Context, secret domain.Secret) (id domain.KeyID, sum string, err error) {
	digests := f.hasher.Lookups(secret)
	sum = string(digests[0].Sum[:])
	if known, ok := f.known.GetIfPresent(sum); ok {
		return *known, sum, nil
	}
	name := strconv.FormatUint(f.created.Load(), 10) + ":" + sum
	if _, ok := f.unknown.GetIfPresent(name); ok {
		return "", sum, domain.ErrKeyNotFound
	}
	id, err = f.lookups.do(ctx, name, func(ctx context.Context) (domain.KeyID, error) {
		id, err := f.store.FindForeign(ctx, digests)
		switch {
		case err == nil:
			f.known.Set(sum, &id)
		case errors.Is(err, domain.ErrKeyNotFound):
			f.unknown.Set(name, struct{}{})
		}
		return id, err
	})
	return id, sum, err
}

// evictNew is like Evict, for a key that was or may have been created.
func (c *Cache) evictNew(key *domain.APIKey) {
	c.Evict(key.ID())
	if c.foreign == nil {
		return
	}
	for _, secret := range key.Snapshot().Secrets {
		if secret.Digest.Algorithm != domain.AlgorithmHMACSHA256 {
			c.foreign.created.Add(1)
		}
	}
}
