package portstest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const rivals = 20

// capsExactly creates keys in one workspace concurrently, half of them with
// idempotency keys, which some stores handle in another way.
func capsExactly(t *testing.T, repo ports.KeyRepository) {
	const maxKeys = 5
	ws := newWorkspace()
	entries := make([]entry, rivals)
	for i := range entries {
		entries[i] = issue(t, in(ws))
	}
	succeeded := 0
	for i, err := range together(rivals, func(i int) error {
		options := ports.CreateOptions{MaxKeys: maxKeys}
		if i%2 == 1 {
			options.Idempotency = newIdempotency()
		}
		return repo.Create(t.Context(), entries[i].key, entries[i].event, options)
	}) {
		switch {
		case err == nil:
			succeeded++
			requireStored(t, repo, entries[i])
		case errors.Is(err, domain.ErrTooManyKeys):
			requireAbsent(t, repo, entries[i])
		default:
			t.Errorf("Create returns %v, want ErrTooManyKeys", err)
		}
	}
	if succeeded != maxKeys {
		t.Errorf("%d keys were created, want %d", succeeded, maxKeys)
	}
	requireTotal(t, repo, ws, maxKeys)
}

// keepsCountUnderChange creates and deletes keys concurrently in a workspace that
// is always full or nearly full.
func keepsCountUnderChange(t *testing.T, repo ports.KeyRepository) {
	const maxKeys, each = 4, 6
	ws := newWorkspace()
	var living atomic.Int64
	errs := together(8, func(int) error {
		for range each {
			e := issue(t, in(ws))
			err := createCapped(t, repo, e, maxKeys)
			if errors.Is(err, domain.ErrTooManyKeys) {
				continue
			}
			if err != nil {
				return err
			}
			if n := living.Add(1); n > maxKeys {
				t.Errorf("%d keys are living, at most %d allowed", n, maxKeys)
			}
			living.Add(-1) // before the deletion, which makes room before it returns
			if err := update(t.Context(), repo, ws, e.id(), deletion(t, e)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	requireTotal(t, repo, ws, 0)
	fill(t, repo, ws, maxKeys)
}

// requireOne fails the test unless exactly one rival succeeded and all others got
// its outcome or ErrIdempotencyKeyInUse. It returns the index of the winner.
func requireOne(t *testing.T, errs []error, outcome func(winner int) domain.Snapshot, first time.Time) int {
	t.Helper()
	winner := -1
	for i, err := range errs {
		if err == nil {
			if winner >= 0 {
				t.Errorf("%d and %d both succeeded", winner, i)
			}
			winner = i
		}
	}
	if winner < 0 {
		t.Fatalf("none succeeded: %v", errors.Join(errs...))
	}
	for i, err := range errs {
		if i != winner && !errors.Is(err, domain.ErrIdempotencyKeyInUse) {
			requireReplayed(t, err, outcome(winner), first)
		}
	}
	return winner
}

func createsPerIdempotencyKeyConcurrently(t *testing.T, repo ports.KeyRepository) {
	ws, idempotency := newWorkspace(), newIdempotency()
	entries := make([]entry, rivals)
	for i := range entries {
		entries[i] = issue(t, in(ws))
	}
	errs := together(rivals, func(i int) error { return createUnder(repo, entries[i], idempotency) })
	winner := requireOne(t, errs, func(i int) domain.Snapshot { return entries[i].key.Snapshot() }, idempotency.At)
	requireStored(t, repo, entries[winner])
	requireTotal(t, repo, ws, 1)
	requireReplayed(t, createUnder(repo, issue(t, in(ws)), idempotency), entries[winner].key.Snapshot(), idempotency.At)
}

// createsPerIdempotencyKeyAmongMany creates keys in one workspace concurrently. A third
// of the creations have an idempotency key that another one has as well, and a third
// have none.
func createsPerIdempotencyKeyAmongMany(t *testing.T, repo ports.KeyRepository) {
	const pairs = 10
	ws := newWorkspace()
	entries := make([]entry, 3*pairs)
	idempotency := make([]*ports.Idempotency, 3*pairs)
	for i := range entries {
		entries[i] = issue(t, in(ws))
		if i%3 == 0 {
			idempotency[i] = newIdempotency()
		}
		if i%3 == 1 {
			idempotency[i] = idempotency[i-1]
		}
	}
	errs := together(3*pairs, func(i int) error { return createUnder(repo, entries[i], idempotency[i]) })
	for i := 0; i < len(errs); i += 3 {
		winner := requireOne(t, errs[i:i+2], func(winner int) domain.Snapshot { return entries[i+winner].key.Snapshot() }, issuedAt)
		requireStored(t, repo, entries[i+winner])
		requireAbsent(t, repo, entries[i+1-winner])
		requireReplayed(t, createUnder(repo, entries[i], idempotency[i]), entries[i+winner].key.Snapshot(), issuedAt)
		if errs[i+2] != nil {
			t.Errorf("without an idempotency key: %v", errs[i+2])
		}
		requireStored(t, repo, entries[i+2])
	}
	requireTotal(t, repo, ws, 2*pairs)
}

func updatesPerIdempotencyKeyConcurrently(t *testing.T, repo ports.KeyRepository) {
	e, idempotency := issue(t, in(newWorkspace())), newIdempotency()
	requireCreated(t, repo, e)
	names := make([]domain.Name, rivals)
	for i := range names {
		names[i] = parsed(t, fmt.Sprintf("Rival %d", i), domain.ParseName)
	}
	errs := together(rivals, func(i int) error {
		return updateUnder(repo, e, idempotency, stateOf(t, issuedAt.Add(time.Second), func(s *domain.Snapshot) { s.Name = names[i] }))
	})
	winner := requireOne(t, errs, func(i int) domain.Snapshot {
		left := e.key.Snapshot()
		left.Name = names[i]
		return left
	}, idempotency.At)
	found, err := repo.Find(t.Context(), e.id())
	if err != nil || found.Snapshot().Name != names[winner] {
		t.Errorf("Find returns %v and %v, want the name from rival %d", found.Snapshot().Name, err, winner)
	}
	if events, err := eventsOf(t.Context(), repo, e.workspace(), e.id()); err != nil || len(events) != 2 {
		t.Errorf("Events returns %d events and %v, want 2", len(events), err)
	}
}

// listsOneSnapshot lists a page that has room for all keys, so that page and total
// must agree while keys are created and deleted.
func listsOneSnapshot(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	var working atomic.Int64
	working.Store(creators)
	all := page(t, 0, domain.MaxPageSize)
	filters := []domain.KeyFilter{{}, {Mode: domain.ModeLive}}
	errs := together(creators+len(filters), func(i int) error {
		if i >= creators {
			for working.Load() > 0 {
				got, err := repo.List(t.Context(), ws, filters[i-creators], domain.Order{}, all)
				if err != nil {
					return err
				}
				if got.Total != int64(len(got.Keys)) {
					return fmt.Errorf("a page with %d keys has the total %d", len(got.Keys), got.Total)
				}
			}
			return nil
		}
		defer working.Add(-1)
		for range 4 {
			kept, e := issue(t, in(ws)), issue(t, in(ws))
			if err := errors.Join(createCapped(t, repo, kept, 0), createCapped(t, repo, e, 0), update(t.Context(), repo, ws, e.id(), deletion(t, e))); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	requireTotal(t, repo, ws, creators*4)
}
