package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

const (
	// maxTogether is the number of keys that one transaction creates.
	maxTogether = 64
	// togetherLimit bounds the transaction of a batch, which ends with none of its
	// callers.
	togetherLimit = 5 * time.Second
	// maxQueued is the number of creations that wait in one workspace. Further ones do
	// not wait.
	maxQueued = 1024
	// turnLimit is how long a creation waits for the transaction before it. Then it
	// has one of its own, so that a connection which hangs affects no others.
	turnLimit = 250 * time.Millisecond
)

// creator lets creations in one workspace that wait for each other share a
// transaction: each locks the count of the workspace until its commit is on disk, so
// that alone they would wait for one sync of the disk after another. A creation that
// nobody waits for has a transaction of its own, and begins at once.
type creator struct {
	turn    time.Duration // turnLimit
	mu      sync.Mutex
	waiting map[string][]*creation // by workspace, while a creation in it is in flight
}

// creation is one caller's creation of a key.
type creation struct {
	ctx     context.Context //nolint:containedctx // of the caller
	rows    newRows
	maxKeys int
	// claimed by the batch that stores the key, or by the caller, who gave up before.
	claimed atomic.Bool
	answer  chan error
}

func (c *creation) claim() bool { return c.claimed.CompareAndSwap(false, true) }

// enter reports whether the creation waits for its turn, and otherwise whether it is
// the first in its workspace, which those that wait for it follow.
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

// next returns the creations that waited, all with the same cap, or none if no
// creation in the workspace is in flight any more.
func (cr *creator) next(workspace string) []*creation {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	var batch, rest []*creation
	for _, c := range cr.waiting[workspace] {
		switch {
		case len(batch) == maxTogether || len(batch) > 0 && c.maxKeys != batch[0].maxKeys:
			rest = append(rest, c)
		case c.claim():
			batch = append(batch, c)
		}
	}
	if cr.waiting[workspace] = rest; len(batch) == 0 {
		delete(cr.waiting, workspace)
	}
	return batch
}

// createTogether stores a key, together with those that wait for the same workspace.
func (r *KeyRepository) createTogether(ctx context.Context, rows newRows, maxKeys int) error {
	c := &creation{ctx: ctx, rows: rows, maxKeys: maxKeys, answer: make(chan error, 1)}
	if waits, first := r.creator.enter(c); !waits {
		if first {
			defer func() { go r.createWaiting(rows.Key.WorkspaceID) }()
		}
		return r.createOne(c)
	}
	turn := time.NewTimer(r.creator.turn)
	defer turn.Stop()
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		c.claim()
		return sqlkit.Unavailable(ctx.Err())
	case <-turn.C:
	}
	if c.claim() {
		return r.createOne(c)
	}
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		return sqlkit.Unavailable(ctx.Err())
	}
}

// createWaiting creates the keys that wait, until none does.
func (r *KeyRepository) createWaiting(workspace string) {
	for batch := r.creator.next(workspace); len(batch) > 0; batch = r.creator.next(workspace) {
		r.createBatch(batch)
	}
}

// createBatch answers every creation of a batch.
func (r *KeyRepository) createBatch(batch []*creation) {
	if len(batch) > 1 && (batch[0].maxKeys == 0 || len(batch) <= batch[0].maxKeys) {
		stored, err := sqlkit.Contained("creating keys", func() (bool, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), togetherLimit)
			defer cancel()
			return r.createAll(ctx, batch)
		})
		if stored || err != nil {
			for _, c := range batch {
				c.answer <- err
			}
			return
		}
	}
	var alone sync.WaitGroup
	for _, c := range batch {
		alone.Go(func() { c.answer <- r.createOne(c) })
	}
	alone.Wait()
}

// createOne creates a key in a transaction of its own.
func (r *KeyRepository) createOne(c *creation) error {
	_, err := untilDone(c.ctx, func() (struct{}, error) {
		return struct{}{}, r.written(c.ctx, func(ctx context.Context) error { return r.create(ctx, c.rows, c.maxKeys) })
	})
	return err
}
