package application

import (
	"context"
	"log/slog"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

// Pace and bounds of forgetting.
const (
	forgetInterval = 10 * time.Minute
	forgetTimeout  = 10 * time.Second
	forgetBatch    = 1000
)

// Forget removes idempotency keys that are free again, so that a store does
// not keep them for ever.
type Forget struct {
	onces  ports.OnceKeeper
	logger *slog.Logger
	now    func() time.Time
}

// NewForget returns the use case.
func NewForget(onces ports.OnceKeeper, logger *slog.Logger, now func() time.Time) *Forget {
	return &Forget{onces: onces, logger: logger, now: now}
}

// Run removes what is free every 10 minutes, until ctx ends.
func (uc *Forget) Run(ctx context.Context) {
	ticker := time.NewTicker(forgetInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := uc.Do(ctx); err != nil && ctx.Err() == nil {
				uc.logger.Warn("old idempotency keys are not removed", "error", err)
			}
		}
	}
}

// Do removes what is free now, in batches, each within 10 s.
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
		forgotten, err = uc.onces.Forget(ctx, since, forgetBatch)
		return err
	})
	return forgotten, err
}
