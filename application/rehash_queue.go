package application

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// rehashQueue holds replacements of outdated digests until they are written.
// A secret that the queue has no room for, or cannot put back after a failed
// write, becomes due again on its [KnownKey], so that a later use retries it.
// It is safe for concurrent use.
type rehashQueue struct {
	mu      sync.Mutex
	waiting map[outdatedDigest]queuedRehash
}

// outdatedDigest identifies a digest to replace.
type outdatedDigest struct {
	id  domain.KeyID
	old domain.Digest
}

// queuedRehash is a replacement, with the key and secret to mark if it fails.
type queuedRehash struct {
	domain.Rehash

	known  *KnownKey
	secret int
}

func newRehashQueue() *rehashQueue {
	return &rehashQueue{waiting: map[outdatedDigest]queuedRehash{}}
}

// add queues r. The queue holds only one replacement of a digest.
func (q *rehashQueue) add(r queuedRehash) {
	q.mu.Lock()
	defer q.mu.Unlock()
	name := outdatedDigest{id: r.KeyID, old: r.Old}
	if _, held := q.waiting[name]; !held && len(q.waiting) >= maxUsage {
		r.known.rehashDue(r.secret)
		return
	}
	q.waiting[name] = r
}

// take empties the queue and returns its former content.
func (q *rehashQueue) take() []queuedRehash {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := slices.Collect(maps.Values(q.waiting))
	q.waiting = map[outdatedDigest]queuedRehash{}
	return taken
}

// flush writes the queue in batches and returns the number of failed batches. It
// is harmless to write a batch twice: the second time the old digest is gone.
func (q *rehashQueue) flush(ctx context.Context, recorder ports.UsageRecorder) (failed uint64, err error) {
	var errs []error
	for batch := range slices.Chunk(q.take(), usageBatch) {
		replacements := make([]domain.Rehash, len(batch))
		for i, r := range batch {
			replacements[i] = r.Rehash
		}
		err := Contained("replacing digests", func() error { return recorder.Rehash(ctx, replacements) })
		if err != nil {
			errs = append(errs, err)
			for _, r := range batch {
				q.add(r)
			}
		}
	}
	return uint64(len(errs)), errors.Join(errs...)
}
