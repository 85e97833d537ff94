package application

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// leakWorkers is how many secrets of one report are processed concurrently.
const leakWorkers = 8

// Leaks stops leaked secrets. Anyone who holds a secret may report it, so nothing else
// about the reporter is checked. It is safe for concurrent use.
type Leaks struct {
	workspaces *Workspaces
	keys       KeySource
	policy     domain.LeakedLiveKeys
	counts     [domain.LeakEnded + 1]atomic.Uint64 // secrets, by outcome
}

// NewLeaks returns the use case. keys bounds the reads that made-up secrets cause.
func NewLeaks(workspaces *Workspaces, keys KeySource, policy domain.LeakedLiveKeys) *Leaks {
	return &Leaks{workspaces: workspaces, keys: keys, policy: policy}
}

// LeakedSecret is a secret that someone has found.
type LeakedSecret struct {
	Secret domain.Secret // the zero Secret is unknown
	Source string        // where it was found, as returned by [domain.ParseLeakSource]; may be empty
}

// Report stops those secrets that belong to living keys, as described at
// [domain.APIKey.StopLeaked], and records each leak in the audit trail of its key, at
// most once in 24 hours for each secret. It returns the outcome of each secret, in
// order.
//
// If ctx ends or the store cannot be reached, it returns an error that wraps
// [domain.ErrUnavailable]. It may then have stopped some of the secrets; reporting them
// again is safe.
func (l *Leaks) Report(ctx context.Context, found []LeakedSecret, origin domain.Origin) ([]domain.LeakOutcome, error) {
	if err := l.workspaces.deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	outcomes := make([]domain.LeakOutcome, len(found))
	errs := make([]error, len(found))
	_ = inParallel(len(found), leakWorkers, func(i int) error {
		// A panic in an embedder's store must not end the process.
		errs[i] = Contained("stopping a leaked secret", func() (err error) {
			outcomes[i], err = l.report(ctx, found[i], origin)
			return err
		})
		return nil // a failure must not stop the others
	})
	return outcomes, errors.Join(errs...)
}

func (l *Leaks) report(ctx context.Context, found LeakedSecret, origin domain.Origin) (domain.LeakOutcome, error) {
	outcome := domain.LeakUnknown
	known, err := l.find(ctx, found.Secret)
	if err == nil && known != nil && known.grant.Knows(found.Secret, l.workspaces.deps.Hasher) {
		ws := &Workspace{deps: l.workspaces.deps, id: known.grant.Workspace(), author: domain.LeakAuthor(origin)}
		outcome, err = ws.stopLeaked(ctx, known.ID(), found, l.policy)
	}
	if err != nil {
		return domain.LeakUnknown, err
	}
	l.counts[outcome].Add(1)
	return outcome, nil
}

// find returns the key that secret may belong to, or nil if there is none.
func (l *Leaks) find(ctx context.Context, secret domain.Secret) (*KnownKey, error) {
	if secret.IsZero() {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, abandoned(ctx)
	}
	return findInEqualTime(ctx, l.keys, l.workspaces.deps.Hasher, secret, l.workspaces.deps.Now())
}

// AnyLive reports whether any of the secrets would pass a check, leaving aside scopes,
// address and limits. It records no use. The error wraps [domain.ErrUnavailable] if a
// key cannot be read now.
func (l *Leaks) AnyLive(ctx context.Context, secrets []domain.Secret) (bool, error) {
	if err := l.workspaces.deps.Lifetime.Err(); err != nil {
		return false, err
	}
	for _, secret := range secrets {
		known, err := l.find(ctx, secret)
		if err != nil {
			return false, err
		}
		if known != nil && known.grant.Live(secret, l.workspaces.deps.Hasher, l.workspaces.deps.Now()) {
			return true, nil
		}
	}
	return false, nil
}

// maxTrailPages is how many pages of an audit trail [Leaks.WasOurs] reads.
const maxTrailPages = 10

// WasOurs reports whether secret is or was a secret of a key that this service issued,
// even if the key was deleted. The digest of a secret is removed some time after a
// rotation has replaced it, so WasOurs returns true for every well-formed secret that
// names a rotated key.
func (l *Leaks) WasOurs(ctx context.Context, secret domain.Secret) (bool, error) {
	deps := l.workspaces.deps
	if err := deps.Lifetime.Err(); err != nil {
		return false, err
	}
	if secret.KeyID() == "" {
		return false, nil
	}
	key, err := deps.Keys.FindEver(ctx, secret.KeyID())
	if errors.Is(err, domain.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if key.Grant().Knows(secret, deps.Hasher) {
		return true, nil
	}
	return l.rotated(ctx, key)
}

// rotated reports whether key was rotated. It also returns true if the trail is too
// long to tell.
func (l *Leaks) rotated(ctx context.Context, key *domain.APIKey) (bool, error) {
	for number := range int64(maxTrailPages) {
		page, faults := domain.NewPage(number, domain.MaxPageSize)
		if faults != nil {
			return false, faults.Err()
		}
		trail, err := l.workspaces.deps.Keys.Events(ctx, key.Snapshot().Workspace, key.ID(), page)
		if err != nil {
			return false, err
		}
		for _, event := range trail.Events {
			if event.Type == domain.EventRotated {
				return true, nil
			}
		}
		if len(trail.Events) < domain.MaxPageSize {
			return false, nil
		}
	}
	return true, nil
}

// Stats returns the number of reported secrets by outcome.
func (l *Leaks) Stats() ports.LeakStats {
	return ports.LeakStats{
		Unknown:  l.counts[domain.LeakUnknown].Load(),
		Recorded: l.counts[domain.LeakRecorded].Load(),
		Disabled: l.counts[domain.LeakDisabled].Load(),
		Ended:    l.counts[domain.LeakEnded].Load(),
	}
}

// StopLeaked stops a leaked secret of any living key, whatever its mode, and records the
// leak, like [Leaks.Report]. The outcome is [domain.LeakUnknown] if there is no such
// key, the secret does not belong to it, or another system issued it.
func (o *Operator) StopLeaked(ctx context.Context, found LeakedSecret, origin domain.Origin) (domain.LeakOutcome, error) {
	id := found.Secret.KeyID()
	if id == "" {
		return domain.LeakUnknown, nil
	}
	key, err := o.FindKey(ctx, id)
	if errors.Is(err, domain.ErrKeyNotFound) {
		return domain.LeakUnknown, nil
	}
	if err != nil {
		return domain.LeakUnknown, err
	}
	return o.Workspace(key.Snapshot().Workspace, origin).stopLeaked(ctx, id, found, domain.DisableLeakedLiveKeys)
}

// stopLeaked stops a leaked secret of a key of the workspace, and then records the
// leak. If it fails in between, a repeated call does the rest.
func (w *Workspace) stopLeaked(ctx context.Context, id domain.KeyID, found LeakedSecret, policy domain.LeakedLiveKeys) (domain.LeakOutcome, error) {
	outcome := domain.LeakUnknown
	_, err := w.change(ctx, id, nil, func(key *domain.APIKey, eventID string, now time.Time) (event domain.Event, err error) {
		event, outcome = key.StopLeaked(found.Secret, w.deps.Hasher, policy, eventID, w.author, now)
		return event, nil
	})
	if errors.Is(err, domain.ErrKeyNotFound) { // deleted meanwhile
		return domain.LeakUnknown, nil
	}
	if err != nil || outcome == domain.LeakUnknown {
		return domain.LeakUnknown, err
	}
	return outcome, w.recordLeak(ctx, id, found)
}

// leakPause is how long recordLeak waits for another report that is recording the leak.
const leakPause = 10 * time.Millisecond

// recordLeak records a leak unless it was recorded in the last 24 hours. If another
// report is recording it, recordLeak waits, because that report may still fail.
func (w *Workspace) recordLeak(ctx context.Context, id domain.KeyID, found LeakedSecret) error {
	for {
		err := w.tryRecordLeak(ctx, id, found)
		if !errors.Is(err, domain.ErrIdempotencyKeyInUse) {
			return err
		}
		select {
		case <-time.After(leakPause):
		case <-ctx.Done():
			return abandoned(ctx)
		}
	}
}

func (w *Workspace) tryRecordLeak(ctx context.Context, id domain.KeyID, found LeakedSecret) error {
	_, err := w.change(ctx, id, leakIdempotency(id, found.Secret, w.deps.Now()),
		func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
			event, ok := key.Leaked(found.Secret, w.deps.Hasher, found.Source, eventID, w.author, now)
			if !ok { // replaced meanwhile
				return domain.Event{}, domain.ErrKeyNotFound
			}
			return event, nil
		})
	if _, replayed := errors.AsType[*ports.Replayed](err); replayed || errors.Is(err, domain.ErrKeyNotFound) {
		return nil
	}
	return err
}

// leakIdempotency returns an idempotency key for recording the leak of a secret, so
// that all replicas together record it at most once in 24 hours. It contains spaces,
// which no idempotency key of a request can contain. Of the secret it contains only a
// short part of a hash, enough to tell the secrets of a key apart.
func leakIdempotency(id domain.KeyID, secret domain.Secret, now time.Time) *ports.Idempotency {
	sum := sha256.Sum256([]byte("leaked " + secret.Reveal()))
	key := "leaked " + string(id) + " " + hex.EncodeToString(sum[:8])
	return &ports.Idempotency{Key: key, Fingerprint: sha256.Sum256([]byte(key)), At: now, Until: now.Add(idempotencyTTL)}
}
