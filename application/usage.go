package application

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Pace and bounds of what is kept of the use of keys.
const (
	usageInterval = 5 * time.Second
	usageTimeout  = 2 * time.Second
	// notedEvery is how often, in seconds, one key's use is handed on.
	notedEvery = 60
	// maxUsage bounds the keys that wait to be written, and so what checks cost
	// the primary in writes: 3,300 rows a second, a tenth of one of its cores.
	// What comes beyond is dropped, and noted with a later use.
	maxUsage = 16 << 10
	// usageBatch is how many of them one statement writes.
	usageBatch = 4 << 10
)

// Usage collects what permission checks learn of keys, when they were used
// and which digests are under an old pepper, and writes it in batches. It is
// best effort: nothing waits for it. It is safe for concurrent use.
type Usage struct {
	recorder ports.UsageRecorder
	hasher   ports.SecretHasher
	logger   *slog.Logger

	mu       sync.Mutex
	lastUsed map[domain.KeyID]time.Time
	rehashes map[domain.KeyID]domain.Rehash

	dropped, failedFlushes uint64
}

// UsageStats is a reading of a [Usage].
type UsageStats struct {
	Pending       int    // keys whose use waits to be written
	Dropped       uint64 // uses beyond what may wait
	FailedFlushes uint64 // batches that could not be written
}

// Stats returns a reading of what was collected.
func (u *Usage) Stats() UsageStats {
	u.mu.Lock()
	defer u.mu.Unlock()
	return UsageStats{Pending: len(u.lastUsed), Dropped: u.dropped, FailedFlushes: u.failedFlushes}
}

// NewUsage returns a collector that writes to recorder; one without a
// recorder collects nothing.
func NewUsage(recorder ports.UsageRecorder, hasher ports.SecretHasher, logger *slog.Logger) *Usage {
	return &Usage{
		recorder: recorder,
		hasher:   hasher,
		logger:   logger,
		lastUsed: map[domain.KeyID]time.Time{},
		rehashes: map[domain.KeyID]domain.Rehash{},
	}
}

// note hands on that known was used at an instant, its first use at once and
// then at most once a minute. It is on the path of every answer.
func (u *Usage) note(known *KnownKey, secret domain.Secret, at time.Time) {
	now := at.Unix()
	if last, due := known.due(now); !due || u.recorder == nil || !known.claim(last, now) {
		return
	}
	rehash, outdated := u.rehashOf(known, secret, at)
	u.mu.Lock()
	defer u.mu.Unlock()
	id := known.ID()
	u.keep(id, at)
	if outdated {
		u.keepRehash(rehash)
	}
}

// rehashOf returns the replacement of the digest that secret has proven, once
// for each key in memory.
func (u *Usage) rehashOf(known *KnownKey, secret domain.Secret, at time.Time) (domain.Rehash, bool) {
	if known.rehashed.Load() {
		return domain.Rehash{}, false
	}
	rehash, outdated := known.grant.Rehash(secret, u.hasher, at)
	if outdated {
		known.rehashed.Store(true)
	}
	return rehash, outdated
}

// keep is called with the lock held.
func (u *Usage) keep(id domain.KeyID, at time.Time) {
	waiting, ok := u.lastUsed[id]
	switch {
	case !ok && len(u.lastUsed) >= maxUsage:
		u.dropped++
	case !waiting.After(at):
		u.lastUsed[id] = at
	}
}

// Run writes what was collected every 5 s until ctx ends, and then once more.
func (u *Usage) Run(ctx context.Context) {
	ticker := time.NewTicker(usageInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			u.flushLogged(ctx)
		}
	}
	u.flushLogged(ctx)
}

// flushLogged flushes also when ctx has ended: what is left must be written.
func (u *Usage) flushLogged(ctx context.Context) {
	if err := u.Flush(context.WithoutCancel(ctx)); err != nil {
		u.logger.Warn("the use of keys is not recorded", "error", err)
	}
}

// Flush writes what was collected, for at most 2 s. What could not be written
// waits for the next time.
func (u *Usage) Flush(ctx context.Context) error {
	if u.recorder == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	u.mu.Lock()
	lastUsed, rehashes := u.lastUsed, u.rehashes
	u.lastUsed, u.rehashes = map[domain.KeyID]time.Time{}, map[domain.KeyID]domain.Rehash{}
	u.mu.Unlock()
	return errors.Join(u.flushUses(ctx, lastUsed), u.flushRehashes(ctx, rehashes))
}

// flushUses writes batch by batch, so that a store which is too slow for all
// of them still gets some done.
func (u *Usage) flushUses(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error {
	var errs []error
	for len(lastUsed) > 0 {
		batch := make(map[domain.KeyID]time.Time, min(len(lastUsed), usageBatch))
		for id, at := range lastUsed {
			if len(batch) == usageBatch {
				break
			}
			batch[id] = at
			delete(lastUsed, id)
		}
		err := Contained("recording the use of keys", func() error { return u.recorder.RecordUse(ctx, batch) })
		if err != nil {
			errs = append(errs, err)
			u.putBack(func() {
				for id, at := range batch {
					u.keep(id, at)
				}
			})
		}
	}
	return errors.Join(errs...)
}

// flushRehashes writes batch by batch. To write one twice does no harm: the
// second time the old digest is no longer there.
func (u *Usage) flushRehashes(ctx context.Context, rehashes map[domain.KeyID]domain.Rehash) error {
	all := slices.Collect(maps.Values(rehashes))
	var errs []error
	for batch := range slices.Chunk(all, usageBatch) {
		err := Contained("replacing digests", func() error { return u.recorder.Rehash(ctx, batch) })
		if err != nil {
			errs = append(errs, err)
			u.putBack(func() {
				for _, r := range batch {
					u.keepRehash(r)
				}
			})
		}
	}
	return errors.Join(errs...)
}

// putBack keeps what a failed batch held for the next flush.
func (u *Usage) putBack(keep func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failedFlushes++
	keep()
}

// keepRehash is called with the lock held.
func (u *Usage) keepRehash(r domain.Rehash) {
	if len(u.rehashes) < maxUsage {
		u.rehashes[r.KeyID] = r
	}
}
