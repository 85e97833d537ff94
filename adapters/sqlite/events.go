package sqlite

import (
	"context"

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
	type found struct {
		rows  []sqlkit.EventRow[int64]
		total int64
	}
	stored, err := read(ctx, r, func() (f found, err error) {
		f.rows, f.total, err = sqlkit.SelectEvents[int64](ctx, statement, sqlkit.ListEventsArgs(workspace, id, page)...)
		return f, err
	})
	if err != nil {
		return ports.EventPage{}, err
	}
	events, unreadable := codec.Events(stored.rows)
	r.damage.Events(id, unreadable)
	return ports.EventPage{Events: events, Total: stored.total}, nil
}
