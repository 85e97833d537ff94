package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Authorize performs permission checks.
type Authorize struct {
	keys     KeySource
	verifier domain.SecretVerifier
	usage    *Usage
	limiter  Limiter // may be nil
	now      func() time.Time
	lifetime *Lifetime
}

// NewAuthorize returns the use case. It records the use of keys in usage, and returns
// [ErrClosed] once lifetime has ended. If limiter is nil, checks of keys that have
// limits fail.
func NewAuthorize(
	keys KeySource, verifier domain.SecretVerifier, usage *Usage, limiter Limiter, now func() time.Time, lifetime *Lifetime,
) *Authorize {
	return &Authorize{keys: keys, verifier: verifier, usage: usage, limiter: limiter, now: now, lifetime: lifetime}
}

// Do performs one check as of the time it began. A malformed secret gives
// NOT_FOUND without a look-up. If Do returns an error, there is no decision, and
// the caller must deny the request. The error wraps [domain.ErrUnavailable] if
// the key cannot be read now.
func (uc *Authorize) Do(ctx context.Context, check domain.Check) (decision domain.Decision, err error) {
	if err := uc.lifetime.Err(); err != nil {
		return domain.NotFound(), err
	}
	if check.Secret.IsZero() {
		return domain.NotFound(), nil
	}
	at := uc.now()
	known, err := findInEqualTime(ctx, uc.keys, uc.verifier, check.Secret, at)
	if err != nil || known == nil {
		return domain.NotFound(), err
	}
	decision, proven := known.Authorize(check, uc.verifier, at)
	if limited := known.limited(); limited != nil && decision.Verdict != domain.VerdictNotFound {
		if err := uc.limit(ctx, &decision, limited, check.Cost, at); err != nil {
			return domain.NotFound(), err
		}
	}
	if decision.Verdict != domain.VerdictNotFound {
		uc.usage.note(known, proven, &check, decision.Verdict, at)
	}
	return decision, nil
}
