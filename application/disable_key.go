package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// DisableKey disables a key until it is enabled again. It has no effect on a
// disabled key.
func (w *Workspace) DisableKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	return w.changeStatus(ctx, "disable", id, options, (*domain.APIKey).Disable)
}
