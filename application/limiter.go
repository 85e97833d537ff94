package application

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Limiter spends the limits of keys; adapters/limits implements it. It is safe for
// concurrent use.
type Limiter interface {
	// Spend spends cost from every limit of the key, or from none if one of them
	// refuses, for a check that began at the given time. It returns the resulting
	// states of the limits and the index of the first limit that refuses, or -1. The
	// error wraps [domain.ErrUnavailable].
	Spend(ctx context.Context, key *LimitedKey, cost int64, at time.Time) (states []domain.LimitState, refusing int, err error)
	// States returns the states of the limits of the key, as far as they are known, and
	// spends nothing.
	States(ctx context.Context, key *LimitedKey, at time.Time) []domain.LimitState
	// Look returns the current states of the limits of the key, and changes nothing. The
	// error wraps [domain.ErrUnavailable].
	Look(ctx context.Context, id domain.KeyID, limits []domain.Limit) ([]domain.LimitState, error)
}

// LimitedKey is a cached key with limits, as a [Limiter] sees it.
type LimitedKey struct {
	ID     domain.KeyID
	Limits []domain.Limit
	// Held belongs to the limiter, of which there must be only one. It holds what the
	// limiter would otherwise have to look up for each check.
	Held atomic.Value
}

// errNoLimiter is returned for a key with limits if nothing can count them.
var errNoLimiter = fmt.Errorf("%w: the API key has limits, and the store cannot count them", domain.ErrUnavailable)

// limit spends cost from the limits of a key if the decision is to allow, and adds the
// states of the limits to the decision.
func (uc *Authorize) limit(ctx context.Context, decision *domain.Decision, key *LimitedKey, cost domain.Cost, at time.Time) error {
	if uc.limiter == nil {
		return errNoLimiter
	}
	if !decision.Allowed() {
		decision.Limits = uc.limiter.States(ctx, key, at)
		return nil
	}
	states, refusing, err := uc.limiter.Spend(ctx, key, cost.Units(), at)
	if err != nil {
		return err
	}
	if decision.Limits = states; refusing >= 0 {
		decision.Verdict = key.Limits[refusing].Refused()
	}
	return nil
}
