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

// Pace and bounds of what is kept of the use of keys.
const (
	usageInterval = 5 * time.Second
	usageTimeout  = 2 * time.Second
	// notedEvery is how often, in seconds, one key's use is handed on.
	notedEvery = 60
	// maxUsage bounds the keys that wait to be written; what comes beyond is
	// dropped, and noted with a later use.
	maxUsage = 64 << 10
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
	now, last := at.Unix(), known.noted.Load()
	if now-last < notedEvery || u.recorder == nil || !known.noted.CompareAndSwap(last, now) {
		return
	}
	rehash, outdated := known.grant.Rehash(secret, u.hasher.Hash(secret), u.hasher, at)
	u.mu.Lock()
	defer u.mu.Unlock()
	id := known.ID()
	u.keep(id, at)
	if outdated && len(u.rehashes) < maxUsage {
		u.rehashes[id] = rehash
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
		}
		// The last one must be written though ctx has ended.
		if err := u.Flush(context.WithoutCancel(ctx)); err != nil {
			u.logger.Warn("the use of keys is not recorded", "error", err)
		}
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

func (u *Usage) flushUses(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error {
	if len(lastUsed) == 0 {
		return nil
	}
	err := u.recorder.RecordUse(ctx, lastUsed)
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.failedFlushes++
		for id, at := range lastUsed {
			u.keep(id, at)
		}
	}
	return err
}

// flushRehashes drops what it cannot write: the next use of the key finds it again.
func (u *Usage) flushRehashes(ctx context.Context, rehashes map[domain.KeyID]domain.Rehash) error {
	if len(rehashes) == 0 {
		return nil
	}
	list := make([]domain.Rehash, 0, len(rehashes))
	for _, r := range rehashes {
		list = append(list, r)
	}
	return u.recorder.Rehash(ctx, list)
}
