package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// EnableKey enables a disabled key. It has no effect on an enabled key.
func (w *Workspace) EnableKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	return w.changeStatus(ctx, "enable", id, options, (*domain.APIKey).Enable)
}
