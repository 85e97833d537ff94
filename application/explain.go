package application

import (
	"context"
	"errors"

	"github.com/slaunchx/apikeys/domain"
)

// Explain explains how Do decides a check, step by step. It records no use of the
// key. Expiry and grace periods are evaluated at question.At, which defaults to the
// current time; the key is the one that Do would use now. The error wraps
// [domain.ErrUnavailable] if the key cannot be read now.
func (uc *Authorize) Explain(ctx context.Context, question domain.Question) (domain.Explanation, error) {
	if err := uc.lifetime.Err(); err != nil {
		return domain.Explanation{}, err
	}
	now := uc.now()
	if question.At.IsZero() {
		question.At = now
	}
	id := question.ID()
	if id == "" {
		return question.Explain(nil, uc.verifier), nil
	}
	known, err := uc.keys.Find(ctx, id, now)
	switch {
	case errors.Is(err, domain.ErrKeyNotFound):
		return question.Explain(nil, uc.verifier), nil
	case err != nil:
		return domain.Explanation{}, err
	}
	return question.Explain(&known.grant, uc.verifier), nil
}
