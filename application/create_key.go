package application

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// CreatedKey is a key with the only copy of its new secret.
type CreatedKey struct {
	Key    *domain.APIKey
	Secret domain.Secret
}

// CreateKey creates a key. It returns [domain.Faults] with all faults of spec,
// [domain.ErrTestKeyPortal] for a TEST key outside the PARTNER portal, and
// [domain.ErrTooManyKeys] if the workspace has as many keys as it may have.
func (w *Workspace) CreateKey(ctx context.Context, spec domain.KeySpec, options ...ChangeOption) (CreatedKey, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return CreatedKey{}, err
	}
	idempotency, err := w.idempotency(options, "create", spec)
	if err != nil {
		return CreatedKey{}, err
	}
	created, event, err := w.issue(spec, w.deps.Now())
	if idempotency != nil && onlyInPast(err) {
		return CreatedKey{}, w.replayedOr(ctx, *idempotency, err)
	}
	if err != nil {
		return CreatedKey{}, err
	}
	err = w.deps.Writer.Create(ctx, created.Key, event, ports.CreateOptions{MaxKeys: int(w.deps.MaxKeys), Idempotency: idempotency})
	if err != nil {
		return CreatedKey{}, err
	}
	return created, nil
}

// issue returns the key that spec describes, and its creation event.
func (w *Workspace) issue(spec domain.KeySpec, now time.Time) (CreatedKey, domain.Event, error) {
	draft, faults := spec.Draft(w.id, now)
	if faults == nil {
		faults = w.deps.Limits.unsupported(len(draft.RateLimits) > 0, draft.Quota != (domain.Limit{}))
	}
	if faults != nil {
		return CreatedKey{}, domain.Event{}, faults
	}
	secret, err := domain.NewSecret(w.deps.Random, draft.Mode)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	eventID, err := domain.NewEventID(now, w.deps.Random)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	key, err := domain.Issue(draft, secret.KeyID(), w.deps.Hasher.Hash(secret), w.author, now)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	return CreatedKey{Key: key, Secret: secret}, key.Created(eventID, w.author), nil
}

// onlyInPast reports whether the only fault in err is an expiry in the past.
func onlyInPast(err error) bool {
	faults, ok := errors.AsType[domain.Faults](err)
	return ok && !slices.ContainsFunc(faults, func(f domain.Fault) bool { return f.Reason != domain.ReasonInPast })
}

// replayedOr returns a [*ports.Replayed] if the same request was completed before
// its expiry passed, and otherwise rejection.
func (w *Workspace) replayedOr(ctx context.Context, idempotency ports.Idempotency, rejection error) error {
	replayed, err := w.deps.Keys.Replayed(ctx, w.id, idempotency)
	switch {
	case replayed != nil:
		return cmp.Or(replayed.Outcome.Snapshot().Mode.IssuableBy(w.author.Portal), error(replayed))
	case errors.Is(err, domain.ErrUnavailable):
		return err
	}
	return rejection
}
