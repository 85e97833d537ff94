package postgres

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Events implements ports.EventReader.
func (r *KeyRepository) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	return r.eventsOf(ctx, r.queries.Events, workspace, id, page)
}

// eventsOf returns a page of the audit trail that statement reads.
func (r *KeyRepository) eventsOf(ctx context.Context, statement *sqlkit.Statement, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	return untilDone(ctx, func() (ports.EventPage, error) {
		var total int64
		rows, err := onSound(func() (rows []eventRow, err error) {
			rows, total, err = sqlkit.SelectEvents[time.Time](ctx, statement, sqlkit.ListEventsArgs(workspace, id, page)...)
			return rows, err
		})
		if err != nil {
			return ports.EventPage{}, translate(ctx, err)
		}
		events, unreadable := codec.Events(rows)
		r.damage.Events(id, unreadable)
		return ports.EventPage{Events: events, Total: total}, nil
	})
}
