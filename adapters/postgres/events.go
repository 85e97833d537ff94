package postgres

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// Events implements ports.EventReader.
func (r *KeyRepository) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) ([]domain.Event, error) {
	rows, err := read[eventRow](ctx, r.events, string(id), string(workspace))
	if err != nil {
		return nil, err
	}
	return codec.Events(rows)
}
