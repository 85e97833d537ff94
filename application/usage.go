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

// Intervals and limits of recording the use of keys.
const (
	usageInterval = 5 * time.Second
	usageTimeout  = 2 * time.Second
	// notedEvery is the minimum time between two recorded uses of a key, in
	// seconds.
	notedEvery = 60
	// maxUsage is the size of the queue of keys to be written. It limits the load
	// of checks on the primary to 3,300 rows per second, a tenth of a core. Uses
	// and digests beyond it are dropped; a later use of the key retries.
	maxUsage = 16 << 10
	// usageBatch is the number of keys that one statement writes.
	usageBatch = 4 << 10
)

// Usage collects the last use of keys and replacements of outdated digests from
// permission checks, and writes them in batches. It is best effort: no check
// waits for it. It is safe for concurrent use.
type Usage struct {
	recorder ports.UsageRecorder
	hasher   ports.SecretHasher
	logger   *slog.Logger

	rehashes *rehashQueue

	mu       sync.Mutex // guards the fields below
	lastUsed map[domain.KeyID]time.Time

	dropped, failedFlushes uint64
}

// Stats returns the current reading.
func (u *Usage) Stats() ports.UsageStats {
	u.mu.Lock()
	defer u.mu.Unlock()
	return ports.UsageStats{Pending: len(u.lastUsed), Dropped: u.dropped, FailedFlushes: u.failedFlushes}
}

// NewUsage returns a collector that writes to recorder. If recorder is nil, it
// collects nothing.
func NewUsage(recorder ports.UsageRecorder, hasher ports.SecretHasher, logger *slog.Logger) *Usage {
	return &Usage{
		recorder: recorder,
		hasher:   hasher,
		logger:   logger,
		lastUsed: map[domain.KeyID]time.Time{},
		rehashes: newRehashQueue(),
	}
}

// note records that known was used at the given time with the secret of index
// proven. It runs on every allowed check.
func (u *Usage) note(known *KnownKey, proven int, secret domain.Secret, at time.Time) {
	if u.recorder == nil {
		return
	}
	u.noteUse(known, at)
	if known.mayNeedRehash(proven) {
		u.noteRehash(known, proven, secret)
	}
}

// noteUse queues the first use of a key, and later ones at most once a minute.
func (u *Usage) noteUse(known *KnownKey, at time.Time) {
	now := at.Unix()
	if last, due := known.due(now); !due || !known.claim(last, now) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keep(known.ID(), at)
}

// noteRehash queues the replacement of an outdated digest. Of concurrent callers
// for the same digest, one queues it.
func (u *Usage) noteRehash(known *KnownKey, proven int, secret domain.Secret) {
	if !known.claimRehash(proven) {
		return
	}
	if rehash, outdated := known.grant.Rehash(proven, secret, u.hasher); outdated {
		u.rehashes.add(queuedRehash{Rehash: rehash, known: known, secret: proven})
	}
}

// keep requires the lock to be held.
func (u *Usage) keep(id domain.KeyID, at time.Time) {
	waiting, ok := u.lastUsed[id]
	switch {
	case !ok && len(u.lastUsed) >= maxUsage:
		u.dropped++
	case !waiting.After(at):
		u.lastUsed[id] = at
	}
}

// Run flushes every 5 s until ctx ends, and then once more.
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

// flushLogged flushes even if ctx has ended, because the rest must be written.
func (u *Usage) flushLogged(ctx context.Context) {
	if err := u.Flush(context.WithoutCancel(ctx)); err != nil {
		u.logger.Warn("cannot record key usage", "error", err)
	}
}

// Flush writes the queue within at most 2 s. Entries that could not be written
// are retried at the next flush or, if the queue has no room for them, at a later
// use of the key.
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

// flushUses writes in batches, so that a store that is too slow for all of them
// still completes some.
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

// putBack queues the uses of a failed batch for the next flush.
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
