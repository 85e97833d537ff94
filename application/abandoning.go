package application

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// callTimeout bounds a call whose context ends later or never.
	callTimeout = 10 * time.Second
	// returnTimeout is how long a call may take to return after its context has ended.
	// A store that respects its context knows best what became of the call.
	returnTimeout = 100 * time.Millisecond
	// maximumCalls is the number of calls of each kind that may hang: as many as
	// there are management requests in flight.
	maximumCalls = 128
)

// Abandoning returns a repository that forwards to keys, which need not respect the
// context of a call. A caller waits for at most 10 s or until its context ends, and 0.1
// s more so that a store that does respect it can return. Then the caller gets an error
// that wraps [domain.ErrUnavailable] while the call continues. As when the response of
// a database is lost, it is unknown whether a change was made. An abandoned Update that
// has not called change yet makes none.
//
// Calls run in their own goroutines: at most 128 reads, 128 writes and 128 look-ups of
// checks. Further calls wait for a place. A panic becomes an error that wraps
// [domain.ErrPanicked].
func Abandoning(keys ports.KeyRepository) ports.KeyRepository {
	return &abandoning{
		keys:   keys,
		reads:  make(places, maximumCalls),
		writes: make(places, maximumCalls),
		finds:  make(places, maximumCalls),
	}
}

// abandoning embeds nothing, so that no method is forwarded by accident.
type abandoning struct {
	keys                 ports.KeyRepository
	reads, writes, finds places
}

// places bounds how many calls run at the same time.
type places chan struct{}

// awaited returns the result of call, or an error as soon as ctx ends.
func awaited[T any](ctx context.Context, places places, call func(ctx context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	if ctx.Err() != nil {
		defer cancel()
		return none, abandoned(ctx)
	}
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		defer cancel()
		return none, abandoned(ctx)
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		var r result
		err := Contained("using the store", func() (err error) {
			r.value, err = call(ctx)
			return err
		})
		r.err = err
		<-places
		done <- r
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	patience := time.NewTimer(returnTimeout)
	defer patience.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-patience.C:
		return none, abandoned(ctx)
	}
}

func abandoned(ctx context.Context) error {
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
}

// awaitedError is awaited for calls that return nothing but an error.
func awaitedError(ctx context.Context, places places, call func(ctx context.Context) error) error {
	_, err := awaited(ctx, places, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}

// callbacks guards the calls that a store makes to a function of its caller. After end,
// no call is made.
type callbacks struct {
	mu    sync.Mutex
	ended bool
}

func (c *callbacks) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
}

// calledBack returns the result of call, or [domain.ErrUnavailable] once c has ended.
func calledBack[T any](c *callbacks, call func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		var none T
		return none, domain.ErrUnavailable
	}
	return call()
}

// Get implements ports.KeyReader.
func (a *abandoning) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (*domain.APIKey, error) { return a.keys.Get(ctx, workspace, id) })
}

// List implements ports.KeyReader.
func (a *abandoning) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.KeyPage, error) {
		return a.keys.List(ctx, workspace, filter, order, page)
	})
}

// ListAll implements ports.KeyReader.
func (a *abandoning) ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.KeyPage, error) {
		return a.keys.ListAll(ctx, filter, order, page)
	})
}

// FindEver implements ports.KeyReader.
func (a *abandoning) FindEver(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (*domain.APIKey, error) { return a.keys.FindEver(ctx, id) })
}

// Find implements ports.KeyFinder.
func (a *abandoning) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return awaited(ctx, a.finds, func(ctx context.Context) (*domain.APIKey, error) { return a.keys.Find(ctx, id) })
}

// Create implements ports.KeyWriter.
func (a *abandoning) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	return awaitedError(ctx, a.writes, func(ctx context.Context) error { return a.keys.Create(ctx, key, event, options) })
}

// Update implements ports.KeyWriter. Once Update has returned, change is not called any
// more, since it may write to variables of the caller.
func (a *abandoning) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	var calls callbacks
	defer calls.end()
	return awaitedError(ctx, a.writes, func(ctx context.Context) error {
		return a.keys.Update(ctx, workspace, id, func(key *domain.APIKey) (domain.Event, error) {
			return calledBack(&calls, func() (domain.Event, error) { return change(key) })
		}, options)
	})
}

// Events implements ports.EventReader.
func (a *abandoning) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.EventPage, error) {
		return a.keys.Events(ctx, workspace, id, page)
	})
}

// Replayed implements ports.IdempotencyStore.
func (a *abandoning) Replayed(ctx context.Context, workspace domain.WorkspaceID, idempotency ports.Idempotency) (*ports.Replayed, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (*ports.Replayed, error) {
		return a.keys.Replayed(ctx, workspace, idempotency)
	})
}

// Forget implements ports.IdempotencyStore.
func (a *abandoning) Forget(ctx context.Context, since time.Time, limit int) (int, error) {
	return awaited(ctx, a.writes, func(ctx context.Context) (int, error) { return a.keys.Forget(ctx, since, limit) })
}

// KeepPepper implements ports.PepperKeeper.
func (a *abandoning) KeepPepper(ctx context.Context, check domain.PepperCheck) (domain.PepperCheck, error) {
	return awaited(ctx, a.writes, func(ctx context.Context) (domain.PepperCheck, error) { return a.keys.KeepPepper(ctx, check) })
}

// Ready implements ports.KeyRepository.
func (a *abandoning) Ready(ctx context.Context) error {
	return awaitedError(ctx, a.reads, func(ctx context.Context) error { return a.keys.Ready(ctx) })
}

// AbandoningLimits is [Abandoning] for counts of limits. It returns nil for nil.
func AbandoningLimits(limits ports.LimitStore) ports.LimitStore {
	if limits == nil {
		return nil
	}
	return &abandoningLimits{limits: limits, calls: make(places, maximumCalls)}
}

type abandoningLimits struct {
	limits ports.LimitStore
	calls  places
}

// Lease implements ports.LimitStore.
func (a *abandoningLimits) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	return awaited(ctx, a.calls, func(ctx context.Context) (ports.Lease, error) { return a.limits.Lease(ctx, request) })
}

// Peek implements ports.LimitStore.
func (a *abandoningLimits) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	return awaited(ctx, a.calls, func(ctx context.Context) (ports.Lease, error) { return a.limits.Peek(ctx, request) })
}

// GiveBack implements ports.LimitStore.
func (a *abandoningLimits) GiveBack(ctx context.Context, shares []ports.Share) error {
	return awaitedError(ctx, a.calls, func(ctx context.Context) error { return a.limits.GiveBack(ctx, shares) })
}

// ForgetLimits implements ports.LimitStore.
func (a *abandoningLimits) ForgetLimits(ctx context.Context, limit int) (int, error) {
	return awaited(ctx, a.calls, func(ctx context.Context) (int, error) { return a.limits.ForgetLimits(ctx, limit) })
}

// AbandoningUsage is [Abandoning] for the usage of keys. It returns nil for nil. It
// abandons only calls of Usage, because no caller waits for the other methods.
func AbandoningUsage(usage ports.UsageRecorder) ports.UsageRecorder {
	if usage == nil {
		return nil
	}
	return &abandoningUsage{usage: usage, reads: make(places, maximumCalls)}
}

type abandoningUsage struct {
	usage ports.UsageRecorder
	reads places
}

// RecordUse implements ports.UsageRecorder.
func (a *abandoningUsage) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	return a.usage.RecordUse(ctx, batch)
}

// Rehash implements ports.UsageRecorder.
func (a *abandoningUsage) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	return a.usage.Rehash(ctx, replacements)
}

// Usage implements ports.UsageRecorder.
func (a *abandoningUsage) Usage(ctx context.Context, query ports.UsageQuery) (ports.Usage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.Usage, error) { return a.usage.Usage(ctx, query) })
}

// ForgetUsage implements ports.UsageRecorder.
func (a *abandoningUsage) ForgetUsage(ctx context.Context, today domain.Day, limit int) (int, error) {
	return a.usage.ForgetUsage(ctx, today, limit)
}
