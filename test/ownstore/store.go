// Package ownstore is the example of docs/bring-your-own-store.md: a complete
// store in a single file, written against the comments of ports alone.
package ownstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Store keeps keys in maps. It implements ports.KeyRepository,
// ports.ChangeSource and ports.UsageRecorder.
type Store struct {
	turn     chan struct{} // holds a token while nobody uses the maps
	keys     map[domain.KeyID]domain.Snapshot
	events   []domain.Event // oldest first: the audit trail and the change feed
	requests map[request]outcome
	peppers  map[string]domain.PepperCheck
	wake     chan struct{}

	// usage
	checks   map[ports.CheckCount]int64
	scopes   map[ports.ScopeOfKey]time.Time
	previous map[ports.PreviousSecret]time.Time
	batches  map[string]domain.Day // by ID, so that none is added twice
}

type request struct {
	workspace      domain.WorkspaceID
	idempotencyKey string
}

type outcome struct {
	ports.Idempotency

	key domain.Snapshot
}

// New returns an empty store.
func New() *Store {
	s := &Store{
		turn:     make(chan struct{}, 1),
		keys:     make(map[domain.KeyID]domain.Snapshot),
		requests: make(map[request]outcome),
		peppers:  make(map[string]domain.PepperCheck),
		wake:     make(chan struct{}, 1),
		checks:   make(map[ports.CheckCount]int64),
		scopes:   make(map[ports.ScopeOfKey]time.Time),
		previous: make(map[ports.PreviousSecret]time.Time),
		batches:  make(map[string]domain.Day),
	}
	s.turn <- struct{}{}
	return s
}

// alone calls f while nobody else uses the maps. It respects the context, as
// every method must: a database driver does it for you.
func (s *Store) alone(ctx context.Context, f func() error) error {
	if ctx.Err() == nil {
		select {
		case <-s.turn:
			defer func() { s.turn <- struct{}{} }()
			return f()
		case <-ctx.Done():
		}
	}
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
}

// Create implements ports.KeyWriter.
func (s *Store) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	return s.alone(ctx, func() error {
		k := key.Snapshot()
		if err := s.claim(k.Workspace, options.Idempotency); err != nil {
			return err
		}
		if _, exists := s.keys[k.ID]; exists {
			return domain.ErrKeyExists
		}
		if options.MaxKeys > 0 && len(s.living(func(o domain.Snapshot) bool { return o.Workspace == k.Workspace })) >= options.MaxKeys {
			return domain.ErrTooManyKeys
		}
		s.store(k, event)
		s.remember(k, options.Idempotency)
		return nil
	})
}

// Update implements ports.KeyWriter.
func (s *Store) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	return s.alone(ctx, func() error {
		if err := s.claim(workspace, options.Idempotency); err != nil {
			return err
		}
		key, err := s.get(id, workspace)
		if err != nil {
			return err
		}
		event, err := change(key)
		if err != nil {
			return err
		}
		if event.ID != "" { // otherwise nothing has changed
			s.store(key.Snapshot(), event)
		}
		s.remember(s.keys[id], options.Idempotency)
		return nil
	})
}

// store writes a key and its event, in one transaction of a database.
func (s *Store) store(key domain.Snapshot, event domain.Event) {
	s.keys[key.ID] = key
	s.events = append(s.events, clone(event))
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// claim reports whether an earlier request has made the change.
func (s *Store) claim(workspace domain.WorkspaceID, idempotency *ports.Idempotency) error {
	if idempotency == nil {
		return nil
	}
	before, exists := s.requests[request{workspace, idempotency.Key}]
	switch {
	case !exists || !idempotency.At.Before(before.Until):
		return nil
	case before.Fingerprint != idempotency.Fingerprint:
		return domain.ErrIdempotencyKeyReused
	}
	return &ports.Replayed{Outcome: domain.Rehydrate(before.key), At: before.At}
}

// remember stores the outcome of a request, without secrets.
func (s *Store) remember(key domain.Snapshot, idempotency *ports.Idempotency) {
	if idempotency != nil {
		key.Secrets = nil
		s.requests[request{key.Workspace, idempotency.Key}] = outcome{*idempotency, key}
	}
}

// Replayed implements ports.IdempotencyStore.
func (s *Store) Replayed(ctx context.Context, workspace domain.WorkspaceID, idempotency ports.Idempotency) (replayed *ports.Replayed, err error) {
	err = s.alone(ctx, func() error { return s.claim(workspace, &idempotency) })
	if earlier, ok := err.(*ports.Replayed); ok { //nolint:errorlint // claim wraps nothing
		return earlier, nil
	}
	return nil, err
}

// Forget implements ports.IdempotencyStore.
func (s *Store) Forget(ctx context.Context, since time.Time, limit int) (forgotten int, err error) {
	err = s.alone(ctx, func() error {
		for name, before := range s.requests {
			if forgotten < limit && !before.Until.After(since) {
				delete(s.requests, name)
				forgotten++
			}
		}
		return nil
	})
	return forgotten, err
}

// Get implements ports.KeyReader.
func (s *Store) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (key *domain.APIKey, err error) {
	err = s.alone(ctx, func() error {
		key, err = s.get(id, workspace)
		return err
	})
	return key, err
}

// Find implements ports.KeyFinder.
func (s *Store) Find(ctx context.Context, id domain.KeyID) (key *domain.APIKey, err error) {
	err = s.alone(ctx, func() error {
		key, err = s.get(id, s.keys[id].Workspace)
		return err
	})
	return key, err
}

// FindEver implements ports.KeyReader.
func (s *Store) FindEver(ctx context.Context, id domain.KeyID) (key *domain.APIKey, err error) {
	err = s.alone(ctx, func() error {
		k, exists := s.keys[id]
		if !exists {
			return domain.ErrKeyNotFound
		}
		key = domain.Rehydrate(k)
		return nil
	})
	return key, err
}

func (s *Store) get(id domain.KeyID, workspace domain.WorkspaceID) (*domain.APIKey, error) {
	k, exists := s.keys[id]
	if !exists || !k.DeletedAt.IsZero() || k.Workspace != workspace {
		return nil, domain.ErrKeyNotFound
	}
	return domain.Rehydrate(k), nil
}

func (s *Store) living(of func(domain.Snapshot) bool) (living []domain.Snapshot) {
	for _, k := range s.keys {
		if k.DeletedAt.IsZero() && of(k) {
			living = append(living, k)
		}
	}
	return living
}

// List implements ports.KeyReader.
func (s *Store) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return s.list(ctx, order, page, func(k domain.Snapshot) bool {
		return k.Workspace == workspace && filter.Admits(domain.Rehydrate(k))
	})
}

// ListAll implements ports.KeyReader.
func (s *Store) ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return s.list(ctx, order, page, func(k domain.Snapshot) bool { return filter.Admits(domain.Rehydrate(k)) })
}

func (s *Store) list(ctx context.Context, order domain.Order, page domain.Page, of func(domain.Snapshot) bool) (list ports.KeyPage, err error) {
	err = s.alone(ctx, func() error {
		admitted := s.living(of)
		slices.SortFunc(admitted, func(a, b domain.Snapshot) int {
			if !order.Ascending {
				a, b = b, a
			}
			if order.By == domain.ByName {
				return cmp.Or(cmp.Compare(a.Name.String(), b.Name.String()), cmp.Compare(a.ID, b.ID))
			}
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		})
		list.Total = int64(len(admitted))
		for _, k := range pageOf(admitted, page) {
			list.Keys = append(list.Keys, domain.Rehydrate(k))
		}
		return nil
	})
	return list, err
}

// Events implements ports.EventReader.
func (s *Store) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (trail ports.EventPage, err error) {
	err = s.alone(ctx, func() error {
		var all []domain.Event
		for _, event := range slices.Backward(s.events) {
			if event.KeyID == id && event.Workspace == workspace {
				all = append(all, event)
			}
		}
		trail.Total = int64(len(all))
		for _, event := range pageOf(all, page) {
			trail.Events = append(trail.Events, clone(event))
		}
		return nil
	})
	return trail, err
}

// clone copies the lists of an event, which callers may modify. What comes from
// a database is a copy already.
func clone(event domain.Event) domain.Event {
	event.Changes = slices.Clone(event.Changes)
	for i := range event.Changes {
		for _, value := range []*any{&event.Changes[i].Old, &event.Changes[i].New} {
			if list, ok := (*value).([]string); ok {
				*value = slices.Clone(list)
			}
		}
	}
	return event
}

func pageOf[E any](all []E, page domain.Page) []E {
	begin := min(page.Offset(), int64(len(all)))
	return all[begin:min(begin+int64(page.Size()), int64(len(all)))]
}

// KeepPepper implements ports.PepperKeeper.
func (s *Store) KeepPepper(ctx context.Context, check domain.PepperCheck) (stored domain.PepperCheck, err error) {
	err = s.alone(ctx, func() error {
		if _, exists := s.peppers[check.PepperID]; !exists {
			s.peppers[check.PepperID] = check
		}
		stored = s.peppers[check.PepperID]
		return nil
	})
	return stored, err
}

// Ready implements ports.KeyRepository.
func (s *Store) Ready(ctx context.Context) error { return s.alone(ctx, func() error { return nil }) }

// RecordUse implements ports.UsageRecorder.
func (s *Store) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	return s.alone(ctx, func() error {
		for id, at := range batch.LastUsed {
			if k := s.keys[id]; s.lives(id) && at.Truncate(time.Microsecond).After(k.LastUsedAt) {
				k.LastUsedAt = at.UTC().Truncate(time.Microsecond)
				s.keys[id] = k
			}
		}
		for used, at := range batch.Scopes {
			if s.lives(used.KeyID) {
				keepLatest(s.scopes, used, at)
			}
		}
		for used, at := range batch.Previous {
			if s.lives(used.KeyID) {
				keepLatest(s.previous, used, at)
			}
		}
		if _, again := s.batches[batch.ID]; again {
			return nil
		}
		s.batches[batch.ID] = batch.Day
		for count, n := range batch.Checks {
			if s.lives(count.KeyID) {
				s.checks[count] += n
			}
		}
		return nil
	})
}

func (s *Store) lives(id domain.KeyID) bool {
	k, exists := s.keys[id]
	return exists && k.DeletedAt.IsZero()
}

func keepLatest[K comparable](uses map[K]time.Time, used K, at time.Time) {
	if at = at.UTC().Truncate(time.Microsecond); at.After(uses[used]) {
		uses[used] = at
	}
}

// Usage implements ports.UsageRecorder.
func (s *Store) Usage(ctx context.Context, query ports.UsageQuery) (usage ports.Usage, err error) {
	usage = ports.Usage{Checks: make(map[ports.CheckCount]int64), Scopes: make(map[domain.Scope]time.Time)}
	err = s.alone(ctx, func() error {
		for count, n := range s.checks {
			if count.KeyID == query.KeyID && query.Days.From <= count.Day && count.Day <= query.Days.To {
				usage.Checks[count] = n
			}
		}
		for used, at := range s.scopes {
			if used.KeyID == query.KeyID {
				usage.Scopes[used.Scope] = at
			}
		}
		usage.PreviousUsed = s.previous[ports.PreviousSecret{KeyID: query.KeyID, ValidUntil: query.PreviousValidUntil}]
		return nil
	})
	return usage, err
}

// ForgetUsage implements ports.UsageRecorder.
func (s *Store) ForgetUsage(ctx context.Context, today domain.Day, limit int) (removed int, err error) {
	err = s.alone(ctx, func() error {
		removed = forget(s.checks, limit, func(c ports.CheckCount, _ int64) bool { return c.Day < today-domain.KeptUsageDays }) +
			forget(s.batches, limit, func(_ string, day domain.Day) bool { return day < today-1 }) +
			forget(s.previous, limit, func(p ports.PreviousSecret, _ time.Time) bool { return p.ValidUntil.Before((today - 1).Start()) })
		return nil
	})
	return removed, err
}

func forget[K comparable, V any](all map[K]V, limit int, old func(K, V) bool) (removed int) {
	for k, v := range all {
		if removed < limit && old(k, v) {
			delete(all, k)
			removed++
		}
	}
	return removed
}

// Rehash implements ports.UsageRecorder.
func (s *Store) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	return s.alone(ctx, func() error {
		for _, replacement := range replacements {
			for i, secret := range s.keys[replacement.KeyID].Secrets {
				if secret.Digest == replacement.Old {
					s.keys[replacement.KeyID].Secrets[i].Digest = replacement.New
				}
			}
		}
		return nil
	})
}

// Follow implements ports.ChangeSource.
func (s *Store) Follow() ports.ChangeFeed { return &feed{store: s} }

type feed struct {
	store *Store
	seen  int // events
	begun bool
}

// Poll implements ports.ChangeFeed.
func (f *feed) Poll(ctx context.Context) (changes ports.Changes, err error) {
	err = f.store.alone(ctx, func() error {
		changes.Lost = !f.begun
		for _, event := range f.store.events[f.seen:] {
			changes.Keys = append(changes.Keys, event.KeyID)
		}
		f.seen, f.begun = len(f.store.events), true
		return nil
	})
	return changes, err
}

// Wake implements ports.ChangeFeed. A wake-up may be lost, such as to another feed.
func (f *feed) Wake() <-chan struct{} { return f.store.wake }

// Close implements ports.ChangeFeed.
func (f *feed) Close() error { return nil }
