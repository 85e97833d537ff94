package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// AbandoningUsage is [Abandoning] for the usage of keys. It returns nil for nil. Only
// Usage is abandoned, because nobody waits for the other methods.
func AbandoningUsage(usage ports.UsageRecorder) ports.UsageRecorder {
	if usage == nil {
		return nil
	}
	return &abandoningUsage{usage: usage, reads: make(places, maximumCalls)}
}

type abandoningUsage struct {
	usage ports.UsageRecorder
	reads places
}

// RecordUse implements ports.UsageRecorder.
func (a *abandoningUsage) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	return a.usage.RecordUse(ctx, batch)
}

// Rehash implements ports.UsageRecorder.
func (a *abandoningUsage) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	return a.usage.Rehash(ctx, replacements)
}

// Usage implements ports.UsageRecorder.
func (a *abandoningUsage) Usage(ctx context.Context, query ports.UsageQuery) (ports.Usage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.Usage, error) { return a.usage.Usage(ctx, query) })
}

// ForgetUsage implements ports.UsageRecorder.
func (a *abandoningUsage) ForgetUsage(ctx context.Context, today domain.Day, limit int) (int, error) {
	return a.usage.ForgetUsage(ctx, today, limit)
}
