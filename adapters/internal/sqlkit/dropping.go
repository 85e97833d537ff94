package sqlkit

import (
	"context"
	"errors"
	"time"
)

// dropTime is how long the rest of the deliveries of a webhook that was stopped are dropped
// at once. What then remains is left to the sweep.
const dropTime = 500 * time.Millisecond

// Dropping makes a change of a webhook. If that has left more to be dropped, it calls drop
// until a batch is not full, for a limited time. If the change is refused because of what
// is to be dropped before, it calls drop until nothing is left and makes the change again.
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
