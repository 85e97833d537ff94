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

// CreateKey issues a key. It returns [domain.Faults] with every fault of spec,
// [domain.ErrTestKeyPortal] for a TEST key outside the PARTNER portal, and
// [domain.ErrTooManyKeys] if the workspace has as many keys as it may.
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
	err = w.deps.Writer.Create(ctx, created.Key, event, ports.CreateOptions{MaxKeys: int(w.deps.MaxKeys), Once: idempotency})
	if err != nil {
		return CreatedKey{}, err
	}
	return created, nil
}

// issue makes the key that spec describes, and the event of its creation.
func (w *Workspace) issue(spec domain.KeySpec, now time.Time) (CreatedKey, domain.Event, error) {
	draft, faults := spec.Draft(w.id, now)
	if faults != nil {
		return CreatedKey{}, domain.Event{}, faults
	}
	secret, err := domain.NewSecret(w.deps.Random, draft.Mode)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	eventID, err := domain.NewEventID(w.deps.Random)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	key, err := domain.Issue(draft, secret.KeyID(), w.deps.Hasher.Hash(secret), w.author, now)
	if err != nil {
		return CreatedKey{}, domain.Event{}, err
	}
	return CreatedKey{Key: key, Secret: secret}, key.Created(eventID, w.author), nil
}

// onlyInPast reports whether err says nothing but that the expiry has passed.
func onlyInPast(err error) bool {
	faults, ok := errors.AsType[domain.Faults](err)
	return ok && !slices.ContainsFunc(faults, func(f domain.Fault) bool { return f.Reason != domain.ReasonInPast })
}

// replayedOr returns the outcome of a request that was carried out before its
// expiry passed, as a [*ports.Replayed], or refusal if there was none.
func (w *Workspace) replayedOr(ctx context.Context, idempotency ports.Once, refusal error) error {
	replayed, err := w.deps.Keys.Replayed(ctx, w.id, idempotency)
	switch {
	case replayed != nil:
		return cmp.Or(replayed.Outcome.Snapshot().Mode.IssuableBy(w.author.Portal), error(replayed))
	case errors.Is(err, domain.ErrUnavailable):
		return err
	}
	return refusal
}
