package application

import (
	"context"
	"log/slog"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

// Interval and limits of removing idempotency keys.
const (
	forgetInterval = 10 * time.Minute
	forgetTimeout  = 10 * time.Second
	forgetBatch    = 1000
)

// Forget removes expired idempotency keys from the store.
type Forget struct {
	store  ports.IdempotencyStore
	logger *slog.Logger
	now    func() time.Time
}

// NewForget returns the use case.
func NewForget(store ports.IdempotencyStore, logger *slog.Logger, now func() time.Time) *Forget {
	return &Forget{store: store, logger: logger, now: now}
}

// Run removes expired idempotency keys every 10 minutes, until ctx ends.
func (uc *Forget) Run(ctx context.Context) {
	ticker := time.NewTicker(forgetInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := uc.Do(ctx); err != nil && ctx.Err() == nil {
				uc.logger.Warn("cannot remove expired idempotency keys", "error", err)
			}
		}
	}
}

// Do removes all idempotency keys that have expired by now, in batches with a
// timeout of 10 s each.
func (uc *Forget) Do(ctx context.Context) error {
	since := uc.now()
	for {
		forgotten, err := uc.batch(ctx, since)
		if err != nil || forgotten < forgetBatch {
			return err
		}
	}
}

func (uc *Forget) batch(ctx context.Context, since time.Time) (forgotten int, err error) {
	ctx, cancel := context.WithTimeout(ctx, forgetTimeout)
	defer cancel()
	err = Contained("removing idempotency keys", func() (err error) {
		forgotten, err = uc.store.Forget(ctx, since, forgetBatch)
		return err
	})
	return forgotten, err
}
