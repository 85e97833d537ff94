package application

import (
	"context"
	"io"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// changer makes changes of keys on behalf of their owners, each with its event.
type changer struct {
	keys   ports.KeyWriter
	random io.Reader
	now    func() time.Time
}

// change lets decide make one change of a key of the owner's workspace, whose
// event gets the identifier given to it. It returns the key as it is then.
func (c changer) change(
	ctx context.Context, owner Owner, id domain.KeyID, once Once,
	decide func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error),
) (*domain.APIKey, error) {
	if err := owner.check(); err != nil {
		return nil, err
	}
	eventID, err := domain.NewEventID(c.random)
	if err != nil {
		return nil, err
	}
	var changed *domain.APIKey
	err = c.keys.Update(ctx, owner.workspace, id, func(key *domain.APIKey) (domain.Event, error) {
		changed = key
		return decide(key, eventID, c.now())
	}, ports.UpdateOptions{Once: once.at(c.now())})
	if err != nil {
		return nil, err
	}
	return changed, nil
}
