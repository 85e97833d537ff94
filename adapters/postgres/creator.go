package postgres

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// maxTogether is the number of keys that one transaction creates.
	maxTogether = 64
	// togetherLimit bounds the transaction of a batch, which does not end when a
	// caller's context does.
	togetherLimit = 5 * time.Second
	// maxQueued is the maximum number of creations that wait in one workspace. Further
	// creations do not wait.
	maxQueued = 1024
	// turnLimit is how long a creation waits for the transaction before it. After that
	// it uses its own transaction, so that a connection that hangs does not affect
	// others.
	turnLimit = 250 * time.Millisecond
)

// creator lets concurrent creations in one workspace share a transaction. Each creation
// locks the count of the workspace until its commit is on disk, so with separate
// transactions they would wait for one disk sync after another. A creation that finds
// no other in flight uses its own transaction and begins at once.
type creator struct {
	turn    time.Duration // turnLimit
	mu      sync.Mutex
	waiting map[string][]*creation // by workspace, while a creation in it is in flight
}

// creation is one caller's creation of a key.
type creation struct {
	ctx     context.Context //nolint:containedctx // of the caller
	rows    newRows
	made    domain.Snapshot // the key
	options ports.CreateOptions
	// claimed is set by the batch that stores the key, or by the caller if it gives up
	// before that.
	claimed atomic.Bool
	answer  chan error
}

func (c *creation) claim() bool { return c.claimed.CompareAndSwap(false, true) }

// joins reports whether the creation can be in the batch of other. taken are the
// idempotency keys of that batch. A transaction that locks an idempotency key twice
// does not notice, so a second creation with the same idempotency key waits for the
// next batch.
func (c *creation) joins(other *creation, taken map[string]bool) bool {
	mine, others := c.options.Idempotency, other.options.Idempotency
	return c.options.MaxKeys == other.options.MaxKeys && (mine == nil) == (others == nil) && (mine == nil || !taken[mine.Key])
}

// enter reports whether the creation must wait for its turn. If not, it also reports
// whether it is the first in its workspace, so that later creations wait for it.
func (cr *creator) enter(c *creation) (waits, first bool) {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	workspace := c.rows.Key.WorkspaceID
	queue, busy := cr.waiting[workspace]
	if !busy {
		cr.waiting[workspace] = nil
		return false, true
	}
	if len(queue) == maxQueued {
		return false, false
	}
	cr.waiting[workspace] = append(queue, c)
	return true, false
}

// next returns the creations of the next batch: all with the same cap, and either all
// or none with an idempotency key. If no creation waits, it returns none, and the
// workspace no longer has a creation in flight.
func (cr *creator) next(workspace string) []*creation {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	var batch, rest []*creation
	taken := map[string]bool{}
	for _, c := range cr.waiting[workspace] {
		switch {
		case len(batch) == maxTogether || len(batch) > 0 && !c.joins(batch[0], taken):
			rest = append(rest, c)
		case c.claim():
			batch = append(batch, c)
			if c.options.Idempotency != nil {
				taken[c.options.Idempotency.Key] = true
			}
		}
	}
	if cr.waiting[workspace] = rest; len(batch) == 0 {
		delete(cr.waiting, workspace)
	}
	return batch
}

// createTogether stores a key, together with those that wait for the same workspace.
func (r *KeyRepository) createTogether(c *creation) error {
	if waits, first := r.creator.enter(c); !waits {
		if first {
			defer func() { go r.createWaiting(c.rows.Key.WorkspaceID) }()
		}
		return r.createOne(c)
	}
	turn := time.NewTimer(r.creator.turn)
	defer turn.Stop()
	select {
	case err := <-c.answer:
		return err
	case <-c.ctx.Done():
		c.claim()
		return sqlkit.Unavailable(c.ctx.Err())
	case <-turn.C:
	}
	if c.claim() {
		return r.createOne(c)
	}
	select {
	case err := <-c.answer:
		return err
	case <-c.ctx.Done():
		return sqlkit.Unavailable(c.ctx.Err())
	}
}

// createWaiting creates the keys of the waiting creations until none waits.
func (r *KeyRepository) createWaiting(workspace string) {
	for batch := r.creator.next(workspace); len(batch) > 0; batch = r.creator.next(workspace) {
		r.createBatch(batch)
	}
}

// createBatch creates the keys of a batch, and passes every creation its result.
func (r *KeyRepository) createBatch(batch []*creation) {
	alone, maxKeys := batch, batch[0].options.MaxKeys
	if len(batch) > 1 && (maxKeys == 0 || len(batch) <= maxKeys) {
		var err error
		alone, err = sqlkit.Contained("creating keys", func() ([]*creation, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), togetherLimit)
			defer cancel()
			return r.createAll(ctx, batch)
		})
		for _, c := range batch {
			if !slices.Contains(alone, c) {
				c.answer <- err
			}
		}
	}
	var creating sync.WaitGroup
	for _, c := range alone {
		creating.Go(func() { c.answer <- r.createOne(c) })
	}
	creating.Wait()
}

// createOne creates a key in its own transaction.
func (r *KeyRepository) createOne(c *creation) error {
	_, err := untilDone(c.ctx, func() (struct{}, error) {
		return struct{}{}, r.written(c.ctx, func(ctx context.Context) error {
			if c.options.Idempotency == nil {
				return r.create(ctx, c.rows, c.options.MaxKeys)
			}
			return r.createIdempotently(ctx, c)
		})
	})
	return err
}
