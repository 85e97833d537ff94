package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// ListEvents shows the audit trail of a key to the owner of its workspace.
type ListEvents struct {
	events ports.EventReader
}

// NewListEvents returns the use case.
func NewListEvents(events ports.EventReader) *ListEvents { return &ListEvents{events: events} }

// Do returns one page of what happened to a key, newest first, also when the
// key is deleted. It returns [domain.ErrKeyNotFound] when the owner's
// workspace never had such a key, and the errors of [ports.EventReader].
func (uc *ListEvents) Do(ctx context.Context, owner Owner, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	if err := owner.check(); err != nil {
		return ports.EventPage{}, err
	}
	list, err := uc.events.Events(ctx, owner.workspace, id, page)
	if err != nil {
		return ports.EventPage{}, err
	}
	if list.Total == 0 { // the making of a key is an event
		return ports.EventPage{}, domain.ErrKeyNotFound
	}
	return list, nil
}
