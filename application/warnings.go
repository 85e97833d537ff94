package application

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Bounds of making warnings.
const (
	warnInterval  = time.Minute
	warnTimeout   = 30 * time.Second
	warnBatch     = 500       // keys read at a time
	maxWarnings   = 1024      // refusals that wait; further ones are discarded
	maxRemembered = 100_000   // warnings in tried
	warnAgain     = time.Hour // after which a warning is tried again, in case no webhook subscribed to it before
	// warnRetry is the time after which a refusal that could not be reported is reported
	// again. Until then, further refusals neither use the failing store nor write to the
	// log.
	warnRetry = time.Minute
	// warnEach bounds one warning about an expiry. warnSlow is the time after which a
	// warning that exceeded it is tried again. Without them a few keys that are locked for
	// long would take up the time of all others every minute.
	warnEach = 5 * time.Second
	warnSlow = 10 * time.Minute
)

// Warnings tells webhooks that keys expire and that limits are reached. Every replica may
// do so: the store makes each warning once. It is safe for concurrent use.
type Warnings struct {
	store  ports.Warnings // if nil, no warnings are made
	keys   ports.KeyFinder
	random io.Reader
	now    func() time.Time
	logger *slog.Logger

	refusals chan refusal

	mu sync.Mutex
	// tried maps a warning to the time before which it need not be tried again, so that
	// the store is not asked about each one every minute.
	tried map[domain.Warning]time.Time
}

// refusal is a limit that has refused a check.
type refusal struct {
	id    domain.KeyID
	limit domain.Limit
	start time.Time // of the window
	at    time.Time
}

// NewWarnings returns the use case; store may be nil.
func NewWarnings(store ports.WebhookStore, keys ports.KeyFinder, random io.Reader, logger *slog.Logger, now func() time.Time) *Warnings {
	w := &Warnings{
		keys: keys, random: random, logger: logger, now: now,
		refusals: make(chan refusal, maxWarnings), tried: make(map[domain.Warning]time.Time),
	}
	if store != nil {
		w.store = store
	}
	return w
}

// Run makes warnings until ctx ends: about expiring keys once a minute, and about
// limits when they are reached.
func (uc *Warnings) Run(ctx context.Context) {
	if uc.store == nil {
		return
	}
	ticker := time.NewTicker(warnInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			uc.warned(ctx, "cannot warn about keys that expire", uc.Expiring)
		case r := <-uc.refusals:
			uc.warned(ctx, "cannot report that a limit was reached", func(ctx context.Context) error { return uc.reached(ctx, r) })
		}
	}
}

// warned calls warn with a timeout and logs its error.
func (uc *Warnings) warned(ctx context.Context, failure string, warn func(context.Context) error) {
	within, cancel := context.WithTimeout(ctx, warnTimeout)
	defer cancel()
	if err := Contained("making warnings", func() error { return warn(within) }); err != nil && ctx.Err() == nil {
		uc.logger.Warn(failure, "error", err)
	}
}

// Expiring makes the due warnings about keys that expire soon or have expired. If some
// cannot be made, the others still are, and a later call tries them again. The error says
// how many failed and why the first did.
func (uc *Warnings) Expiring(ctx context.Context) error {
	if uc.store == nil {
		return nil
	}
	now, failed := uc.now(), failures{}
	for after := domain.KeyID(""); ; {
		keys, err := uc.store.ExpiringKeys(ctx, now, after, warnBatch)
		if err != nil {
			return errors.Join(failed.err(), err)
		}
		for _, key := range keys {
			after = key.ID()
			failed.add(after, uc.expiring(ctx, key, now))
			if ctx.Err() != nil {
				return errors.Join(failed.err(), ctx.Err())
			}
		}
		if len(keys) < warnBatch {
			return failed.err()
		}
	}
}

// failures counts the keys for which the warning could not be made.
type failures struct {
	count int
	id    domain.KeyID // of the first
	first error
}

func (f *failures) add(id domain.KeyID, err error) {
	if err == nil {
		return
	}
	if f.count++; f.count == 1 {
		f.id, f.first = id, err
	}
}

func (f *failures) err() error {
	if f.count == 0 {
		return nil
	}
	return fmt.Errorf("%d warnings failed, the first about %s: %w", f.count, f.id, f.first)
}

func (uc *Warnings) expiring(ctx context.Context, key *domain.APIKey, now time.Time) error {
	snapshot := key.Snapshot()
	warning, due := domain.ExpiryWarning(snapshot, now)
	if !due {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, warnEach)
	defer cancel()
	err := uc.warn(within, warning, now, func(eventID string) domain.WebhookEvent {
		return domain.ExpiryEvent(warning, snapshot, eventID, now)
	})
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		uc.tryAfter(warning, now.Add(warnSlow))
	}
	return err
}

// warn makes a warning unless it was tried recently.
func (uc *Warnings) warn(ctx context.Context, warning domain.Warning, now time.Time, event func(eventID string) domain.WebhookEvent) error {
	if !uc.try(warning, now) {
		return nil
	}
	err := Contained("making a warning", func() error {
		eventID, err := domain.NewEventID(now, uc.random)
		if err == nil {
			_, err = uc.store.Warn(ctx, warning, event(eventID))
		}
		return err
	})
	if err != nil {
		uc.tryAfter(warning, now)
	}
	return err
}

// try reports whether to try a warning now. If so, it remembers the warning as tried.
func (uc *Warnings) try(warning domain.Warning, now time.Time) bool {
	uc.mu.Lock()
	defer uc.mu.Unlock()
	if until, tried := uc.tried[warning]; tried && now.Before(until) {
		return false
	}
	if len(uc.tried) >= maxRemembered {
		clear(uc.tried)
	}
	uc.tried[warning] = now.Add(warnAgain)
	return true
}

// tryAfter makes try return false for a warning until the given time.
func (uc *Warnings) tryAfter(warning domain.Warning, at time.Time) {
	uc.mu.Lock()
	defer uc.mu.Unlock()
	uc.tried[warning] = at
}

// Watching returns a limiter that forwards to limiter and notes which limits are reached.
func (uc *Warnings) Watching(limiter Limiter) Limiter {
	if uc.store == nil {
		return limiter
	}
	return watchingLimiter{Limiter: limiter, warnings: uc}
}

type watchingLimiter struct {
	Limiter
	warnings *Warnings
}

// Spend implements Limiter.
func (l watchingLimiter) Spend(ctx context.Context, key *LimitedKey, cost int64, at time.Time) ([]domain.LimitState, int, error) {
	states, refusing, err := l.Limiter.Spend(ctx, key, cost, at)
	if err == nil && refusing >= 0 {
		l.warnings.refused(key.ID, states[refusing])
	}
	return states, refusing, err
}

// refused queues a refusal to be reported. It never blocks. The window is the store's,
// whose clock all replicas share: by their own clocks, two replicas could report the
// same window twice.
func (uc *Warnings) refused(id domain.KeyID, state domain.LimitState) {
	now, limit, start := uc.now(), state.Limit, state.Start
	if start.IsZero() {
		start = limit.Window.Start(now)
	}
	warning, ok := domain.WarnedLimit("", id, limit, start)
	if !ok || !uc.try(warning, now) {
		return
	}
	select {
	case uc.refusals <- refusal{id: id, limit: limit, start: start, at: now}:
	default: // overload, when warnings matter least; the next refusal tries again
		uc.tryAfter(warning, now)
	}
}

// reached tells webhooks that a limit was reached, once in its window. If it fails, a
// later refusal in the same window is reported instead.
func (uc *Warnings) reached(ctx context.Context, r refusal) (err error) {
	defer func() {
		if err != nil && !errors.Is(err, domain.ErrKeyNotFound) {
			noted, _ := domain.WarnedLimit("", r.id, r.limit, r.start)
			uc.tryAfter(noted, uc.now().Add(warnRetry))
		}
	}()
	key, err := uc.keys.Find(ctx, r.id)
	if err != nil {
		return err
	}
	snapshot := key.Snapshot()
	warning, _ := domain.WarnedLimit(snapshot.Workspace, r.id, r.limit, r.start)
	return uc.warn(ctx, warning, r.at, func(eventID string) domain.WebhookEvent {
		return domain.LimitEvent(r.limit, snapshot, eventID, r.at)
	})
}
