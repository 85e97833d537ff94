package keycache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Bounds that operators do not need to change.
const (
	// unknownIDs is the maximum number of cached identifiers that belong to no
	// key.
	unknownIDs = 16 << 10
	// unknownFor is how long such an identifier is cached: long enough to weaken a
	// flood, and short enough that a key that another process creates is found soon.
	unknownFor = time.Second
	// stripes is the number of counters of evictions; see generations.
	stripes = 256
)

// Options configure a cache.
type Options struct {
	// Finder reads keys from the store.
	Finder ports.KeyFinder
	// Foreign finds keys that another system issued, by the digests that Hasher makes.
	// If it is nil, there are none.
	Foreign ports.ForeignKeys
	Hasher  ports.SecretHasher
	// MaximumKeys is the maximum number of cached keys, at least 1.
	MaximumKeys int
	// OutageGrace is how long after the last confirmation of the feed cached
	// keys are used while the store cannot be read.
	OutageGrace time.Duration
	Now         func() time.Time
}

// Cache is an application.KeySource that reads each key once. It is safe for
// concurrent use.
type Cache struct {
	finder ports.KeyFinder
	now    func() time.Time
	trust  trust
	// Cached keys are reread in a separate lane, so that reads of other keys, which
	// anyone can make up, cannot delay them.
	loads, rereads *loads[*application.KnownKey]
	foreign        *foreign // nil if the store finds none

	known   table
	unknown *otter.Cache[domain.KeyID, struct{}]

	// generations count evictions by a hash of the identifier. A record that is
	// read before an eviction and cached after it would stay stale, so keep
	// compares the count with the one from before the read.
	generations [stripes]atomic.Uint64
	seed        maphash.Seed

	counters counters
}

// New returns an empty cache. Until the feed is first confirmed, every check
// reads the store.
func New(o Options) (*Cache, error) {
	if o.MaximumKeys < 1 { // otter would treat this as no limit
		return nil, errors.New("cache of keys: MaximumKeys must be at least 1")
	}
	c := &Cache{
		finder:  o.Finder,
		now:     o.Now,
		trust:   trust{grace: o.OutageGrace},
		loads:   newLoads[*application.KnownKey](concurrentLoads, loadTimeout),
		rereads: newLoads[*application.KnownKey](concurrentRereads, rereadTimeout),
		seed:    maphash.MakeSeed(),
	}
	err := c.known.open(&otter.Options[domain.KeyID, *application.KnownKey]{
		MaximumSize:      o.MaximumKeys,
		OnAtomicDeletion: c.countEviction,
	})
	if err != nil {
		return nil, fmt.Errorf("cache of keys: %w", err)
	}
	c.unknown, err = otter.New(&otter.Options[domain.KeyID, struct{}]{
		MaximumSize:      unknownIDs,
		ExpiryCalculator: otter.ExpiryWriting[domain.KeyID, struct{}](unknownFor),
	})
	if err != nil {
		return nil, fmt.Errorf("cache of unknown identifiers: %w", err)
	}
	if o.Foreign != nil {
		if c.foreign, err = newForeign(o); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Cache) countEviction(e otter.DeletionEvent[domain.KeyID, *application.KnownKey]) {
	if e.WasEvicted() {
		c.counters.evictions.Add(1)
	}
}

// Find returns the key from the cache or from the store; a read of the store may
// be shared with other callers. Which of the two depends on when the feed was last
// confirmed:
//
//   - confirmed within the last second: the cache is used;
//   - not confirmed for longer, or the last poll failed: the store is read. Until
//     the grace ends, the cache is used if that read fails, or if this key got no
//     turn to be read and the store answered no other read;
//   - beyond the grace: only the store is used.
//
// It returns [domain.ErrKeyNotFound], or an error that wraps
// [domain.ErrUnavailable] if neither can be used.
func (c *Cache) Find(ctx context.Context, id domain.KeyID, at time.Time) (*application.KnownKey, error) {
	switch c.trust.at(at) {
	case confirmed:
		if known, ok := c.known.Load().GetIfPresent(id); ok {
			c.counters.hits.Add(1)
			return known, nil
		}
		if _, ok := c.unknown.GetIfPresent(id); ok {
			c.counters.hits.Add(1)
			return nil, domain.ErrKeyNotFound
		}
		return c.read(ctx, c.loads, id, 0)
	case doubtful:
		return c.reread(ctx, id, at)
	default:
		return c.read(ctx, c.loads, id, moment(at))
	}
}

// moment identifies the tenth of a second that contains at. While the feed is not
// confirmed, it does not end outdated shared reads, so a read is shared only within
// that time.
func moment(at time.Time) int64 { return at.UnixMilli() / 100 }

// reread reads a key that may be cached from the store, and falls back on the
// cache if that fails.
func (c *Cache) reread(ctx context.Context, id domain.KeyID, at time.Time) (*application.KnownKey, error) {
	known, ok := c.known.Load().GetIfPresent(id)
	if !ok {
		return c.read(ctx, c.loads, id, moment(at))
	}
	fresh, err := c.read(ctx, c.rereads, id, moment(at))
	if errors.Is(err, domain.ErrUnavailable) && !errors.Is(err, errNotRead) && c.trust.at(c.now()) != expired {
		c.counters.hits.Add(1)
		return known, nil
	}
	return fresh, err
}

// Evict removes a key from the cache. A check that begins after Evict returns
// does not see the key as it was before.
func (c *Cache) Evict(id domain.KeyID) {
	c.generation(id).Add(1)
	c.known.Load().Invalidate(id)
	c.unknown.Invalidate(id)
}

// EvictAll removes every key from the cache.
func (c *Cache) EvictAll() {
	for i := range c.generations {
		c.generations[i].Add(1)
	}
	c.known.InvalidateAll()
	c.unknown.InvalidateAll()
}

// Close ends the cache's background work. Because the feed is no longer followed,
// cached keys are not used after that either.
func (c *Cache) Close() {
	c.trust.lose()
	c.unknown.StopAllGoroutines()
	if c.foreign != nil {
		c.foreign.unknown.StopAllGoroutines()
	}
}

// read reads the store, once for all concurrent callers, and caches the result.
// A caller that arrives after an eviction does not share a read that began
// before it, which may have seen the key as it was.
func (c *Cache) read(ctx context.Context, lane *loads[*application.KnownKey], id domain.KeyID, moment int64) (*application.KnownKey, error) {
	c.counters.misses.Add(1)
	name := make([]byte, 0, domain.KeyIDLength+16)
	name = append(name, id...)
	name = binary.NativeEndian.AppendUint64(name, c.generation(id).Load())
	name = binary.NativeEndian.AppendUint64(name, uint64(moment))
	return lane.do(ctx, string(name), func(ctx context.Context) (*application.KnownKey, error) {
		before := c.generation(id).Load()
		key, err := c.finder.Find(ctx, id)
		switch {
		case err == nil:
			known := application.NewKnownKey(key)
			keep(c, c.known.Load(), known.ID(), known, before)
			return known, nil
		case errors.Is(err, domain.ErrKeyNotFound):
			keep(c, c.unknown, ownCopy(id), struct{}{}, before)
		}
		return nil, err
	})
}

// keep caches value unless the key was evicted since its eviction count was before. It
// compares and writes under the lock that Invalidate takes, so an eviction either is
// counted before the comparison, or removes the new value before anyone sees it.
func keep[V any](c *Cache, cache *otter.Cache[domain.KeyID, V], id domain.KeyID, value V, before uint64) {
	cache.Compute(id, func(held V, _ bool) (V, otter.ComputeOp) {
		if c.generation(id).Load() != before {
			return held, otter.CancelOp
		}
		return value, otter.WriteOp
	})
}

// ownCopy returns a copy of id that does not retain the memory of the secret that id is
// a part of.
func ownCopy(id domain.KeyID) domain.KeyID { return domain.KeyID(strings.Clone(string(id))) }

func (c *Cache) generation(id domain.KeyID) *atomic.Uint64 {
	return &c.generations[maphash.String(c.seed, string(id))%stripes]
}

// Evicting returns a writer that evicts the key of each change before it
// returns, so that a check that begins afterwards sees the change. A failed
// write evicts too, because the change may have been made.
func (c *Cache) Evicting(writer ports.KeyWriter) ports.KeyWriter {
	return evicting{cache: c, writer: writer}
}

type evicting struct {
	cache  *Cache
	writer ports.KeyWriter
}

// Create implements ports.KeyWriter.
func (e evicting) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	defer e.cache.evictNew(key)
	return e.writer.Create(ctx, key, event, options)
}

// Update implements ports.KeyWriter.
func (e evicting) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	defer e.cache.Evict(id)
	return e.writer.Update(ctx, workspace, id, change, options)
}
