package application

import (
	"context"

	"github.com/slaunchx/apikeys/ports"
)

// AbandoningLimits is [Abandoning] for counts of limits. It returns nil for nil.
func AbandoningLimits(limits ports.LimitStore) ports.LimitStore {
	if limits == nil {
		return nil
	}
	return &abandoningLimits{limits: limits, calls: make(places, maximumCalls)}
}

type abandoningLimits struct {
	limits ports.LimitStore
	calls  places
}

// Lease implements ports.LimitStore.
func (a *abandoningLimits) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	return awaited(ctx, a.calls, func(ctx context.Context) (ports.Lease, error) { return a.limits.Lease(ctx, request) })
}

// Peek implements ports.LimitStore.
func (a *abandoningLimits) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	return awaited(ctx, a.calls, func(ctx context.Context) (ports.Lease, error) { return a.limits.Peek(ctx, request) })
}

// GiveBack implements ports.LimitStore.
func (a *abandoningLimits) GiveBack(ctx context.Context, shares []ports.Share) error {
	return awaitedError(ctx, a.calls, func(ctx context.Context) error { return a.limits.GiveBack(ctx, shares) })
}

// ForgetLimits implements ports.LimitStore.
func (a *abandoningLimits) ForgetLimits(ctx context.Context, limit int) (int, error) {
	return awaited(ctx, a.calls, func(ctx context.Context) (int, error) { return a.limits.ForgetLimits(ctx, limit) })
}
