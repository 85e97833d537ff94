package memory

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// onceName is an idempotency key and its workspace.
type onceName struct {
	workspace domain.WorkspaceID
	key       string
}

// remembered is a completed request with an idempotency key.
type remembered struct {
	once    ports.Once
	outcome domain.Snapshot
}

// checkOnce returns nil if the change may be made, and otherwise the error that
// Create and Update return. It requires writing or mu to be held.
func (r *KeyRepository) checkOnce(workspace domain.WorkspaceID, once *ports.Once) error {
	if once == nil {
		return nil
	}
	before, exists := r.onces[onceName{workspace, once.Key}]
	switch {
	case !exists || !once.At.Before(before.once.Until):
		return nil
	case before.once.Fingerprint != once.Fingerprint:
		return domain.ErrOnceReused
	}
	return &ports.Replayed{Outcome: domain.Rehydrate(before.outcome), At: before.once.At}
}

// remember requires writing and mu to be held.
func (r *KeyRepository) remember(outcome domain.Snapshot, once *ports.Once) {
	if once == nil {
		return
	}
	outcome.Secrets = nil
	r.onces[onceName{outcome.Workspace, once.Key}] = remembered{once: *once, outcome: outcome}
}

// rememberUnchanged requires writing to be held.
func (r *KeyRepository) rememberUnchanged(id domain.KeyID, once *ports.Once) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remember(r.keys[id], once)
}

// Replayed implements ports.OnceKeeper.
func (r *KeyRepository) Replayed(ctx context.Context, workspace domain.WorkspaceID, once ports.Once) (*ports.Replayed, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	err := r.checkOnce(workspace, &once)
	if replayed, ok := errors.AsType[*ports.Replayed](err); ok {
		return replayed, nil
	}
	return nil, err
}

// Forget implements ports.OnceKeeper.
func (r *KeyRepository) Forget(ctx context.Context, since time.Time, limit int) (int, error) {
	forgotten := 0
	err := r.withoutEvent(ctx, func() {
		for name, before := range r.onces {
			if forgotten < limit && !before.once.Until.After(since) {
				delete(r.onces, name)
				forgotten++
			}
		}
	})
	return forgotten, err
}
