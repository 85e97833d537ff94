package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// GetKey returns a key, without its secret.
func (w *Workspace) GetKey(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	return w.deps.Keys.Get(ctx, w.id, id)
}
