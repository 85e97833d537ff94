package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// KeyLimits returns what is left of the limits of a key: the rate limits in their order,
// then the quota. It returns nil if the key has no limits. It spends nothing and does not
// count as use of the key. The error wraps [domain.ErrUnavailable] if what was spent
// cannot be read now. Stored limits that cannot be read are left out, as in the key
// itself.
func (w *Workspace) KeyLimits(ctx context.Context, id domain.KeyID) ([]domain.LimitState, error) {
	key, err := w.GetKey(ctx, id)
	if err != nil {
		return nil, err
	}
	limits := key.Grant().Limits()
	switch {
	case len(limits) == 0:
		return nil, nil
	case w.deps.Limiter == nil:
		return nil, errNoLimiter
	}
	return w.deps.Limiter.Look(ctx, id, limits)
}
