package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// DeleteKey permanently deletes a key. Its audit trail is kept.
func (w *Workspace) DeleteKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	return w.changeStatus(ctx, "delete", id, options, (*domain.APIKey).Delete)
}
