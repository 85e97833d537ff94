package application

import (
	"context"
	"fmt"

	"github.com/slaunchx/apikeys/domain"
)

// Limiter spends the limits of keys; adapters/limits implements it. It is safe for
// concurrent use.
type Limiter interface {
	// Spend spends cost from each of the limits of the key, or nothing if one of them
	// refuses. It returns their states after that and the index of the first limit that
	// refuses, or -1. The error wraps [domain.ErrUnavailable].
	Spend(ctx context.Context, id domain.KeyID, limits []domain.Limit, cost int64) (states []domain.LimitState, refusing int, err error)
	// States returns the states of the limits of the key, as far as they are known, and
	// spends nothing.
	States(ctx context.Context, id domain.KeyID, limits []domain.Limit) []domain.LimitState
	// Look returns the current states of the limits of the key, and changes nothing. The
	// error wraps [domain.ErrUnavailable].
	Look(ctx context.Context, id domain.KeyID, limits []domain.Limit) ([]domain.LimitState, error)
}

// errNoLimiter is the error of a check of a key with limits, if nothing can count them.
var errNoLimiter = fmt.Errorf("%w: the API key has limits, and the store cannot count them", domain.ErrUnavailable)

// limit spends cost from the limits of a key that is allowed otherwise, and adds their
// states to the decision.
func (uc *Authorize) limit(ctx context.Context, decision *domain.Decision, limits []domain.Limit, cost domain.Cost) error {
	if uc.limiter == nil {
		return errNoLimiter
	}
	if !decision.Allowed() {
		decision.Limits = uc.limiter.States(ctx, decision.Key.KeyID, limits)
		return nil
	}
	states, refusing, err := uc.limiter.Spend(ctx, decision.Key.KeyID, limits, cost.Units())
	if err != nil {
		return err
	}
	if decision.Limits = states; refusing >= 0 {
		decision.Verdict = limits[refusing].Refused()
	}
	return nil
}
