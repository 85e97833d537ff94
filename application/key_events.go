package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// KeyEvents returns one page of the audit trail of a key, newest first, even
// if the key is deleted.
func (w *Workspace) KeyEvents(ctx context.Context, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return ports.EventPage{}, err
	}
	trail, err := w.deps.Keys.Events(ctx, w.id, id, page)
	if err != nil {
		return ports.EventPage{}, err
	}
	if trail.Total == 0 { // even the creation of a key is an event
		return ports.EventPage{}, domain.ErrKeyNotFound
	}
	return trail, nil
}
