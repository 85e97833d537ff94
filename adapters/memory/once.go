package memory

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// onceName is an idempotency key in its workspace.
type onceName struct {
	workspace domain.WorkspaceID
	key       string
}

// remembered is a request that was carried out under an idempotency key.
type remembered struct {
	once    ports.Once
	outcome domain.Snapshot
}

// judge returns nil when the change may be made. It is called by who holds
// writing, or mu.
func (r *KeyRepository) judge(workspace domain.WorkspaceID, once *ports.Once) error {
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

// remember is called by who holds writing and mu.
func (r *KeyRepository) remember(outcome domain.Snapshot, once *ports.Once) {
	if once == nil {
		return
	}
	outcome.Secrets = nil
	r.onces[onceName{outcome.Workspace, once.Key}] = remembered{once: *once, outcome: outcome}
}

// rememberUnchanged is called by who holds writing.
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
	err := r.judge(workspace, &once)
	if replayed, ok := errors.AsType[*ports.Replayed](err); ok {
		return replayed, nil
	}
	return nil, err
}

// Forget implements ports.OnceKeeper.
func (r *KeyRepository) Forget(ctx context.Context, since time.Time, limit int) (int, error) {
	forgotten := 0
	err := r.past(ctx, func() {
		for name, before := range r.onces {
			if forgotten < limit && !before.once.Until.After(since) {
				delete(r.onces, name)
				forgotten++
			}
		}
	})
	return forgotten, err
}
