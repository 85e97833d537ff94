package application

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Authorize answers permission checks.
type Authorize struct {
	keys   ports.KeyReader
	hasher ports.SecretHasher
	now    func() time.Time
}

// NewAuthorize returns the use case.
func NewAuthorize(keys ports.KeyReader, hasher ports.SecretHasher, now func() time.Time) *Authorize {
	return &Authorize{keys: keys, hasher: hasher, now: now}
}

// Do answers one check. A malformed secret is NOT_FOUND without a look-up. An
// error means that there is no answer, which a caller must take as a no.
func (uc *Authorize) Do(ctx context.Context, check domain.Check) (domain.Decision, error) {
	if check.Secret.IsZero() {
		return domain.NotFound(), nil
	}
	key, err := uc.keys.Find(ctx, check.Secret.KeyID())
	if errors.Is(err, domain.ErrKeyNotFound) {
		return domain.NotFound(), nil
	}
	if err != nil {
		return domain.NotFound(), err
	}
	return key.Authorize(check, uc.hasher, uc.now()), nil
}
