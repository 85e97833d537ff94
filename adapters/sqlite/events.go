package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Events implements ports.EventReader.
func (r *KeyRepository) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	rows, total, err := sqlkit.SelectEvents[int64](ctx, r.events, sqlkit.ListEventsArgs(workspace, id, page)...)
	if err != nil {
		return ports.EventPage{}, translate(ctx, err)
	}
	events, unreadable := codec.Events(rows)
	r.damage.Events(id, unreadable)
	return ports.EventPage{Events: events, Total: total}, nil
}
