package application

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Explain explains, step by step, how Do decides a check. It spends nothing and records
// no use of the key. Expiry and grace periods are evaluated at question.At, which
// defaults to the current time; the key is the one that Do would use now. Windows of
// limits other than the current ones count as unspent. The error wraps
// [domain.ErrUnavailable] if the key cannot be read now.
func (uc *Authorize) Explain(ctx context.Context, question domain.Question) (domain.Explanation, error) {
	if err := uc.lifetime.Err(); err != nil {
		return domain.Explanation{}, err
	}
	now := uc.now()
	if question.At.IsZero() {
		question.At, question.Now = now, true
	}
	known, err := uc.findAsked(ctx, question, now)
	switch {
	case errors.Is(err, domain.ErrKeyNotFound):
		return question.Explain(nil, uc.verifier), nil
	case err != nil:
		return domain.Explanation{}, err
	}
	explanation := question.Explain(&known.grant, uc.verifier)
	limits := known.grant.Limits()
	if limits == nil || !explanation.Allowed() {
		return explanation, nil
	}
	if uc.limiter == nil {
		return domain.Explanation{}, errNoLimiter
	}
	if question.Limits, err = uc.limiter.Look(ctx, known.ID(), limits); err != nil {
		return domain.Explanation{}, err
	}
	return question.Explain(&known.grant, uc.verifier), nil
}

// findAsked returns the key that a question is about.
func (uc *Authorize) findAsked(ctx context.Context, question domain.Question, at time.Time) (*KnownKey, error) {
	id := question.ID()
	switch {
	case id != "":
		return uc.keys.Find(ctx, id, at)
	case question.ByID || question.Secret.IsZero():
		return nil, domain.ErrKeyNotFound
	}
	return findBySecret(ctx, uc.keys, question.Secret, at)
}
