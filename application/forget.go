package application

import (
	"context"
	"log/slog"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Interval and limits of removing old records.
const (
	forgetInterval = 10 * time.Minute
	forgetTimeout  = 10 * time.Second
	forgetBatch    = 1000
)

// Forget removes expired idempotency keys, counts of limits whose windows have ended, old
// usage of keys and old deliveries from the store.
type Forget struct {
	store  ports.IdempotencyStore
	limits ports.LimitStore    // may be nil
	usage  ports.UsageRecorder // may be nil
	outbox ports.WebhookStore  // may be nil
	logger *slog.Logger
	now    func() time.Time
}

// NewForget returns the use case; limits, usage and outbox may be nil.
func NewForget(
	store ports.IdempotencyStore, limits ports.LimitStore, usage ports.UsageRecorder, outbox ports.WebhookStore,
	logger *slog.Logger, now func() time.Time,
) *Forget {
	return &Forget{store: store, limits: limits, usage: usage, outbox: outbox, logger: logger, now: now}
}

// Run removes what has expired every 10 minutes, until ctx ends.
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
			if err := uc.Limits(ctx); err != nil && ctx.Err() == nil {
				uc.logger.Warn("cannot remove counts of limits", "error", err)
			}
			if err := uc.Usage(ctx); err != nil && ctx.Err() == nil {
				uc.logger.Warn("cannot remove old usage of keys", "error", err)
			}
			if err := uc.Deliveries(ctx); err != nil && ctx.Err() == nil {
				uc.logger.Warn("cannot remove old deliveries", "error", err)
			}
		}
	}
}

// Do removes all idempotency keys that have expired by now, in batches with a
// timeout of 10 s each.
func (uc *Forget) Do(ctx context.Context) error {
	since := uc.now()
	return inBatches(ctx, "removing idempotency keys", func(ctx context.Context) (int, error) {
		return uc.store.Forget(ctx, since, forgetBatch)
	})
}

// Limits removes the counts of all windows that ended long ago, in batches with a timeout
// of 10 s each.
func (uc *Forget) Limits(ctx context.Context) error {
	if uc.limits == nil {
		return nil
	}
	return inBatches(ctx, "removing counts of limits", func(ctx context.Context) (int, error) {
		return uc.limits.ForgetLimits(ctx, forgetBatch)
	})
}

// Usage removes the usage that is too old to be kept, in batches with a timeout of 10 s
// each.
func (uc *Forget) Usage(ctx context.Context) error {
	if uc.usage == nil {
		return nil
	}
	today := domain.DayOf(uc.now())
	return inBatches(ctx, "removing usage of keys", func(ctx context.Context) (int, error) {
		return uc.usage.ForgetUsage(ctx, today, forgetBatch)
	})
}

// Deliveries removes all deliveries to webhooks that are too old to be kept, in batches
// with a timeout of 10 s each.
func (uc *Forget) Deliveries(ctx context.Context) error {
	if uc.outbox == nil {
		return nil
	}
	return inBatches(ctx, "removing deliveries", func(ctx context.Context) (int, error) {
		return uc.outbox.ForgetDeliveries(ctx, forgetBatch)
	})
}

// inBatches calls remove until it removes less than a full batch.
func inBatches(ctx context.Context, what string, remove func(context.Context) (int, error)) error {
	for {
		removed, err := oneBatch(ctx, what, remove)
		if err != nil || removed < forgetBatch {
			return err
		}
	}
}

func oneBatch(ctx context.Context, what string, remove func(context.Context) (int, error)) (removed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, forgetTimeout)
	defer cancel()
	err = Contained(what, func() (err error) {
		removed, err = remove(ctx)
		return err
	})
	return removed, err
}
