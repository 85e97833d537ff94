package application

import (
	"context"
	"crypto/rand"
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
	// notedEvery is the minimum time between two recorded uses of a key, of a scope of
	// it or of its previous secret, in seconds.
	notedEvery = 60
	// maxUsage is the size of each queue of uses to be written, and the number of keys
	// whose counts one flush writes. It limits the load of checks on the primary to
	// 3,300 rows per second and queue, a tenth of a core. Further uses and digests are
	// dropped; a later use of the key retries. Further counts accumulate until a later
	// flush.
	maxUsage = 16 << 10
	// usageBatch is the number of keys that one statement writes.
	usageBatch = 4 << 10
)

// Usage collects the last use of keys, counts of their checks and replacements of
// outdated digests from permission checks, and writes them in batches. It is best
// effort: no check waits for it. It is safe for concurrent use.
type Usage struct {
	recorder ports.UsageRecorder
	hasher   ports.SecretHasher
	logger   *slog.Logger
	now      func() time.Time

	rehashes *rehashQueue
	counts   countQueue

	mu   sync.Mutex // guards the fields below
	uses uses

	dropped, failedFlushes uint64
}

// Stats returns the current reading.
func (u *Usage) Stats() ports.UsageStats {
	uncounted := u.counts.uncountedChecks()
	u.mu.Lock()
	defer u.mu.Unlock()
	return ports.UsageStats{
		Pending: len(u.uses.lastUsed), Dropped: u.dropped, Uncounted: uncounted, FailedFlushes: u.failedFlushes,
	}
}

// NewUsage returns a collector that writes to recorder. If recorder is nil, it
// collects nothing.
func NewUsage(recorder ports.UsageRecorder, hasher ports.SecretHasher, now func() time.Time, logger *slog.Logger) *Usage {
	return &Usage{
		recorder: recorder,
		hasher:   hasher,
		logger:   logger,
		now:      now,
		uses:     newUses(),
		counts:   countQueue{former: map[ports.CheckCount]int64{}},
		rehashes: newRehashQueue(),
	}
}

// note records a check of known that was decided as of the given time. proven is the
// index of the secret that the caller proved. It runs on every check that proved a
// secret.
func (u *Usage) note(known *KnownKey, proven int, check *domain.Check, verdict domain.Verdict, at time.Time) {
	if u.recorder == nil {
		return
	}
	if check.Cost.Units() > 0 {
		u.counts.add(known, verdict, domain.DayOf(at))
	}
	if verdict != domain.VerdictOK {
		return
	}
	u.noteUses(known, proven, check.Scopes, at)
	if known.mayNeedRehash(proven) {
		u.noteRehash(known, proven, check.Secret)
	}
}

// noteUses queues the uses of a key, of each requested scope and of the previous
// secret, each at most once a minute.
func (u *Usage) noteUses(known *KnownKey, proven int, scopes []domain.Scope, at time.Time) {
	now := seconds(at)
	if known.ofKey().claim(now) {
		u.keep(func(queued uses) uint64 { return keepLatest(queued.lastUsed, known.ID(), at) })
	}
	for _, scope := range scopes {
		if i := known.grant.ScopeIndex(scope); i >= 0 && known.ofScope(i).claim(now) {
			used := ports.ScopeOfKey{KeyID: known.ID(), Scope: scope}
			u.keep(func(queued uses) uint64 { return keepLatest(queued.scopes, used, at) })
		}
	}
	if proven > 0 && known.uncommonParts().previous.claim(now) {
		secret := ports.PreviousSecret{KeyID: known.ID(), ValidUntil: known.grant.SecretValidUntil(proven)}
		u.keep(func(queued uses) uint64 { return keepLatest(queued.previous, secret, at) })
	}
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

// keep calls queue with the lock held. queue returns the number of uses for which there
// is no room.
func (u *Usage) keep(queue func(queued uses) (dropped uint64)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dropped += queue(u.uses)
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

// Flush writes the queues within at most 2 s. Entries that could not be written
// are retried at the next flush or, if a queue has no room for them, at a later
// use of the key.
func (u *Usage) Flush(ctx context.Context) error {
	if u.recorder == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	errs := []error{u.flushUsage(ctx)}
	failed, err := u.rehashes.flush(ctx, u.recorder)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failedFlushes += failed
	return errors.Join(append(errs, err)...)
}

// flushUsage writes in batches, so that a store that is too slow for all of them still
// completes some. Batches that failed before come last, because a batch that always
// fails must not hold up the others.
func (u *Usage) flushUsage(ctx context.Context) error {
	var errs []error
	write := func(batch ports.UsageBatch) {
		err := Contained("recording the use of keys", func() error { return u.recorder.RecordUse(ctx, batch) })
		if err != nil {
			errs = append(errs, err)
			u.putBack(batch)
		}
	}
	u.mu.Lock()
	waiting := u.uses
	u.uses = newUses()
	u.mu.Unlock()
	unwritten := u.counts.takeUnwritten()
	for written := len(unwritten); ; written++ {
		batch := ports.UsageBatch{ID: rand.Text(), Day: domain.DayOf(u.now())}
		batch.LastUsed, batch.Scopes, batch.Previous = waiting.takeBatch()
		if written < maxUnwritten {
			batch.Checks = u.counts.takeBatch()
		}
		if len(batch.LastUsed)+len(batch.Scopes)+len(batch.Previous)+len(batch.Checks) == 0 {
			break
		}
		write(batch)
	}
	for _, batch := range unwritten {
		write(batch)
	}
	return errors.Join(errs...)
}

// putBack queues a failed batch for the next flush. Uses may be written twice, so they
// are queued like new ones. Counts must not be, so they stay in a batch with the same
// ID.
func (u *Usage) putBack(batch ports.UsageBatch) {
	u.counts.putBack(batch)
	u.keep(func(queued uses) uint64 {
		u.failedFlushes++
		return keepAll(queued.lastUsed, batch.LastUsed) + keepAll(queued.scopes, batch.Scopes) + keepAll(queued.previous, batch.Previous)
	})
}
