package application

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Authorize answers permission checks.
type Authorize struct {
	keys     KeySource
	verifier domain.SecretVerifier
	usage    *Usage
	now      func() time.Time
	lifetime *Lifetime
}

// NewAuthorize returns the use case, which answers until lifetime ends. It
// hands what it learns of the use of keys to usage.
func NewAuthorize(
	keys KeySource, verifier domain.SecretVerifier, usage *Usage, now func() time.Time, lifetime *Lifetime,
) *Authorize {
	return &Authorize{keys: keys, verifier: verifier, usage: usage, now: now, lifetime: lifetime}
}

// Do answers one check, as of the instant it began. A malformed secret is
// NOT_FOUND without a look-up. An error means that there is no answer, which a
// caller must take as a no; it wraps [domain.ErrUnavailable] when the key
// cannot be known now.
func (uc *Authorize) Do(ctx context.Context, check domain.Check) (decision domain.Decision, err error) {
	if err := uc.lifetime.Err(); err != nil {
		return domain.NotFound(), err
	}
	if check.Secret.IsZero() {
		return domain.NotFound(), nil
	}
	at := uc.now()
	known, err := uc.keys.Find(ctx, check.Secret.KeyID(), at)
	if errors.Is(err, domain.ErrKeyNotFound) {
		// No digest is like that: it takes as long as a wrong secret of a key
		// to say that there is none.
		uc.verifier.Verify(check.Secret, domain.Digest{})
		return domain.NotFound(), nil
	}
	if err != nil {
		return domain.NotFound(), err
	}
	decision, proven := known.Authorize(check, uc.verifier, at)
	if decision.Allowed() {
		uc.usage.note(known, proven, check.Secret, at)
	}
	return decision, nil
}
