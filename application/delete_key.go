package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// DeleteKey deletes a key for good. Its audit trail stays.
func (w *Workspace) DeleteKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	return w.changeStatus(ctx, "delete", id, options, (*domain.APIKey).Delete)
}
