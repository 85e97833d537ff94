package application

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Intervals and bounds of recording the use of keys.
const (
	usageInterval = 5 * time.Second
	usageTimeout  = 2 * time.Second
	// notedEvery is how often, in seconds, the use of one key is recorded.
	notedEvery = 60
	// maxUsage bounds the keys that wait to be written, and so what checks cost
	// the primary in writes: 3,300 rows a second, a tenth of one of its cores.
	// Uses and digests beyond it are dropped; a later use of the key retries.
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

	rehashes *rehashQueue

	mu       sync.Mutex // guards what follows
	lastUsed map[domain.KeyID]time.Time

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
		rehashes: newRehashQueue(),
	}
}

// note records that known was used at the given time and that the caller
// proved one of its secrets, the one with index proven. It runs on every
// allowed check.
func (u *Usage) note(known *KnownKey, proven int, secret domain.Secret, at time.Time) {
	if u.recorder == nil {
		return
	}
	u.noteUse(known, at)
	if known.mayNeedRehash(proven) {
		u.noteRehash(known, proven, secret)
	}
}

// noteUse queues the first use of a key at once and later ones at most once a
// minute.
func (u *Usage) noteUse(known *KnownKey, at time.Time) {
	now := at.Unix()
	if last, due := known.due(now); !due || !known.claim(last, now) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keep(known.ID(), at)
}

// noteRehash queues the replacement of an outdated digest. Of those that get
// here for the same digest at once, one queues it.
func (u *Usage) noteRehash(known *KnownKey, proven int, secret domain.Secret) {
	if !known.claimRehash(proven) {
		return
	}
	if rehash, outdated := known.grant.Rehash(proven, secret, u.hasher); outdated {
		u.rehashes.add(queuedRehash{Rehash: rehash, known: known, secret: proven})
	}
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
// is retried: the use of a key and its replaced digests at the next flush, or,
// if there is no room to keep them, at a later use of the key.
func (u *Usage) Flush(ctx context.Context) error {
	if u.recorder == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	u.mu.Lock()
	lastUsed := u.lastUsed
	u.lastUsed = map[domain.KeyID]time.Time{}
	u.mu.Unlock()
	return errors.Join(u.flushUses(ctx, lastUsed), u.flushRehashes(ctx))
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
			u.putBack(batch)
		}
	}
	return errors.Join(errs...)
}

// putBack keeps the uses of a failed batch for the next flush.
func (u *Usage) putBack(batch map[domain.KeyID]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failedFlushes++
	for id, at := range batch {
		u.keep(id, at)
	}
}

func (u *Usage) flushRehashes(ctx context.Context) error {
	failed, err := u.rehashes.flush(ctx, u.recorder)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failedFlushes += failed
	return err
}
