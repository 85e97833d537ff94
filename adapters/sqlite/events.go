package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// Events implements ports.EventReader.
func (r *KeyRepository) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) ([]domain.Event, error) {
	var rows []eventRow
	if err := r.events.Select(ctx, &rows, string(id), string(workspace)); err != nil {
		return nil, translate(ctx, err)
	}
	return codec.Events(rows)
}
