package memory

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// idempotencyKey is an idempotency key and its workspace.
type idempotencyKey struct {
	workspace domain.WorkspaceID
	key       string
}

// remembered is a completed request with an idempotency key.
type remembered struct {
	idempotency ports.Idempotency
	outcome     domain.Snapshot
	webhook     *domain.Webhook // the outcome of a request about a webhook
}

// checkIdempotency returns nil if the change may be made, and otherwise the error
// that Create and Update return. It requires writing or mu to be held.
func (r *KeyRepository) checkIdempotency(workspace domain.WorkspaceID, idempotency *ports.Idempotency) error {
	if idempotency == nil {
		return nil
	}
	before, exists := r.idempotencyKeys[idempotencyKey{workspace, idempotency.Key}]
	switch {
	case !exists || !idempotency.At.Before(before.idempotency.Until):
		return nil
	case before.idempotency.Fingerprint != idempotency.Fingerprint || before.webhook != nil:
		return domain.ErrIdempotencyKeyReused
	}
	return &ports.Replayed{Outcome: domain.Rehydrate(before.outcome), At: before.idempotency.At}
}

// remember requires writing and mu to be held.
func (r *KeyRepository) remember(outcome domain.Snapshot, idempotency *ports.Idempotency) {
	if idempotency == nil {
		return
	}
	outcome.Secrets = nil
	r.idempotencyKeys[idempotencyKey{outcome.Workspace, idempotency.Key}] = remembered{idempotency: *idempotency, outcome: outcome}
}

// rememberUnchanged requires writing to be held.
func (r *KeyRepository) rememberUnchanged(id domain.KeyID, idempotency *ports.Idempotency) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remember(r.keys[id], idempotency)
}

// Replayed implements ports.IdempotencyStore.
func (r *KeyRepository) Replayed(ctx context.Context, workspace domain.WorkspaceID, idempotency ports.Idempotency) (*ports.Replayed, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	err := r.checkIdempotency(workspace, &idempotency)
	if replayed, ok := errors.AsType[*ports.Replayed](err); ok {
		return replayed, nil
	}
	return nil, err
}

// Forget implements ports.IdempotencyStore.
func (r *KeyRepository) Forget(ctx context.Context, since time.Time, limit int) (int, error) {
	forgotten := 0
	err := r.withoutEvent(ctx, func() {
		for name, before := range r.idempotencyKeys {
			if forgotten < limit && !before.idempotency.Until.After(since) {
				delete(r.idempotencyKeys, name)
				forgotten++
			}
		}
	})
	return forgotten, err
}
