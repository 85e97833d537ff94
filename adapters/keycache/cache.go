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

// Bounds that an operator has no reason to change.
const (
	// unknownIDs bounds the memory of identifiers that belong to no key.
	unknownIDs = 16 << 10
	// unknownFor is how long such an identifier is remembered: long enough to
	// take the force out of a flood, short enough for a key made elsewhere.
	unknownFor = time.Second
	// stripes is over how many counters evictions are spread; see generations.
	stripes = 256
)

// Options are what a cache is made of.
type Options struct {
	// Finder reads what is not in memory.
	Finder ports.KeyFinder
	// MaximumKeys bounds the keys held: at least 1.
	MaximumKeys int
	// OutageGrace is how long answers from memory outlive the last
	// confirmation of the feed while the store cannot be read.
	OutageGrace time.Duration
	Now         func() time.Time
}

// Cache is an application.KeySource that reads each key once. It is safe for
// concurrent use.
type Cache struct {
	finder ports.KeyFinder
	now    func() time.Time
	trust  trust
	// Checks of keys in memory read in their own lane: those of keys that are
	// not, which anyone can make up, cannot keep them waiting.
	loads, rereads *loads

	known   table
	unknown *otter.Cache[domain.KeyID, struct{}]

	// generations count evictions by a hash of the identifier. A record read
	// before an eviction and kept after it would be stale for good, so keep
	// compares the count from before the read.
	generations [stripes]atomic.Uint64
	seed        maphash.Seed

	counters counters
}

// New returns an empty cache. Until the feed has been confirmed once, every
// check reads the store.
func New(o Options) (*Cache, error) {
	if o.MaximumKeys < 1 { // which otter would take for no bound at all
		return nil, errors.New("cache of keys: room for at least one key is needed")
	}
	c := &Cache{
		finder:  o.Finder,
		now:     o.Now,
		trust:   trust{grace: o.OutageGrace},
		loads:   newLoads(concurrentLoads, loadTimeout),
		rereads: newLoads(concurrentRereads, rereadTimeout),
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
	return c, nil
}

func (c *Cache) countEviction(e otter.DeletionEvent[domain.KeyID, *application.KnownKey]) {
	if e.WasEvicted() {
		c.counters.evictions.Add(1)
	}
}

// Find returns the key as the store has it, read for this caller or for one who
// asked shortly before, or, from memory, as the feed last confirmed it to be:
//
//   - confirmed within the last second: memory answers, without a read;
//   - not confirmed for longer, or the last poll failed: the store is asked,
//     and memory answers, for as long as the grace lasts, only if that fails,
//     or if it had no time for this key and answered no other meanwhile;
//   - beyond the grace: the store alone answers.
//
// It returns [domain.ErrKeyNotFound], or an error that wraps
// [domain.ErrUnavailable] when nothing that may be trusted can answer.
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

// moment names the tenth of a second of an instant. Who cannot rely on the
// feed to end a shared read that is out of date shares it no longer than that.
func moment(at time.Time) int64 { return at.UnixMilli() / 100 }

// reread asks the store about what may be in memory, and falls back on memory
// when the store cannot answer.
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

// Evict forgets a key. A check that begins after Evict returns does not see
// the key as it was before.
func (c *Cache) Evict(id domain.KeyID) {
	c.generation(id).Add(1)
	c.known.Load().Invalidate(id)
	c.unknown.Invalidate(id)
}

// EvictAll forgets every key.
func (c *Cache) EvictAll() {
	for i := range c.generations {
		c.generations[i].Add(1)
	}
	c.known.InvalidateAll()
	c.unknown.InvalidateAll()
}

// Close ends the cache's own background work. Nobody follows the feed any
// more, so memory answers no more either.
func (c *Cache) Close() {
	c.trust.lose()
	c.unknown.StopAllGoroutines()
}

// read asks the store, once however many ask in the same moment, and keeps
// the answer. Who asks after an eviction does not wait for a read from before
// it, which may have seen the key as it was.
func (c *Cache) read(ctx context.Context, lane *loads, id domain.KeyID, moment int64) (*application.KnownKey, error) {
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

// keep puts value in cache unless the key was evicted since before. It looks
// and writes under the lock that Invalidate takes: an eviction has counted
// before this looks, or removes what this wrote, and nobody sees it between.
func keep[V any](c *Cache, cache *otter.Cache[domain.KeyID, V], id domain.KeyID, value V, before uint64) {
	cache.Compute(id, func(held V, _ bool) (V, otter.ComputeOp) {
		if c.generation(id).Load() != before {
			return held, otter.CancelOp
		}
		return value, otter.WriteOp
	})
}

// ownCopy is id without the memory of the secret it was cut from, which must
// not be kept.
func ownCopy(id domain.KeyID) domain.KeyID { return domain.KeyID(strings.Clone(string(id))) }

func (c *Cache) generation(id domain.KeyID) *atomic.Uint64 {
	return &c.generations[maphash.String(c.seed, string(id))%stripes]
}
