package sqlkit

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// dropTime is how long Dropping continues to drop the deliveries of a webhook that was
// stopped. The rest is left to the sweep.
const dropTime = 500 * time.Millisecond

// Dropping makes a change of a webhook. If the change leaves deliveries to be dropped, it
// calls drop until a batch is not full or dropTime has passed. If the change is refused
// because earlier deliveries must be dropped first, it calls drop until none is left and
// makes the change again.
func Dropping(ctx context.Context, drop func(context.Context) (int64, error), change func() (more bool, err error)) error {
	for {
		more, err := change()
		if errors.Is(err, ErrManyPending) {
			if err := dropAll(ctx, drop); err != nil {
				return err
			}
			continue
		}
		if err == nil && more {
			within, cancel := context.WithTimeout(ctx, dropTime)
			_ = dropAll(within, drop) // the change is made; the sweep drops the rest
			cancel()
		}
		return err
	}
}

func dropAll(ctx context.Context, drop func(context.Context) (int64, error)) error {
	for {
		n, err := drop(ctx)
		if err != nil || n < DropBatch {
			return err
		}
	}
}

// ChangeWebhook applies change to a webhook that a transaction has read. Unless nothing
// changed, it calls store with the event and with whether the webhook was enabled
// before, and returns the result of store.
func ChangeWebhook(
	w *domain.Webhook, change func(*domain.Webhook) (domain.Event, error), store func(event domain.Event, enabled bool) (more bool, err error),
) (more bool, err error) {
	enabled := w.Enabled
	event, err := change(w)
	if err != nil {
		return false, Refused(err)
	}
	if event.ID == "" {
		return false, nil
	}
	return store(event, enabled)
}
