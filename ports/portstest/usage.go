package portstest

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// UsageStore is a store of keys that records their use.
type UsageStore interface {
	ports.KeyRepository
	ports.UsageRecorder
}

// RunUsageRecorder tests the promises of [ports.UsageRecorder]. open returns a
// store that is ready. The store may be shared, because every case creates its
// own keys.
func RunUsageRecorder(t *testing.T, open func(t testing.TB) UsageStore) {
	cases := map[string]func(*testing.T, UsageStore){
		"keeps the latest use of each key":                 keepsLatestUse,
		"ignores unknown and deleted keys":                 ignoresAbsent,
		"accepts empty and long lists":                     acceptsAnyLength,
		"replaces only the given digest":                   rehashes,
		"does not replace a digest that has changed":       ignoresRotated,
		"stores nothing with a cancelled context":          usageRespectsContext,
		"loses no use and no update under concurrency":     usesDuringUpdates,
		"flushes the same keys concurrently in any order":  flushesTogether,
		"does not restore a digest replaced by a rotation": rehashesDuringRotations,
		"adds the checks of each key, day and reason":      addsChecks,
		"adds a batch once":                                addsOnce,
		"keeps the latest use of scopes":                   keepsScopeUses,
		"keeps the latest use of previous secrets":         keepsPreviousUses,
		"forgets what is old, and nothing else":            forgetsUsage,
		"adds batches concurrently in any order":           addsTogether,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	}
}

// usedAt has nanoseconds and a zone. A store keeps neither.
var usedAt = time.Date(2026, 3, 22, 9, 0, 0, 123456789, time.FixedZone("", 3600))

// batchOf returns a batch of uses.
func batchOf(lastUsed map[domain.KeyID]time.Time) ports.UsageBatch {
	return ports.UsageBatch{ID: rand.Text(), Day: domain.DayOf(usedAt), LastUsed: lastUsed}
}

func recordUse(t *testing.T, store UsageStore, at time.Time, ids ...domain.KeyID) {
	t.Helper()
	lastUsed := map[domain.KeyID]time.Time{}
	for _, id := range ids {
		lastUsed[id] = at
	}
	if err := store.RecordUse(t.Context(), batchOf(lastUsed)); err != nil {
		t.Fatalf("RecordUse: %v", err)
	}
}

func rehash(t *testing.T, store UsageStore, replacements ...domain.Rehash) {
	t.Helper()
	if err := store.Rehash(t.Context(), replacements); err != nil {
		t.Fatalf("Rehash: %v", err)
	}
}

// requireState fails the test unless e is stored as changed by edit, with its one
// event.
func requireState(t *testing.T, store UsageStore, e entry, edit func(*domain.Snapshot)) {
	t.Helper()
	s := e.key.Snapshot()
	edit(&s)
	requireStored(t, store, entry{key: domain.Rehydrate(s), event: e.event})
}

func keepsLatestUse(t *testing.T, store UsageStore) {
	one, other := issue(t), issue(t)
	requireCreated(t, store, one)
	requireCreated(t, store, other)
	for _, later := range []time.Duration{0, time.Hour, -time.Hour, time.Hour} {
		recordUse(t, store, usedAt.Add(later), one.id())
	}
	kept := usedAt.Add(time.Hour).UTC().Truncate(time.Microsecond)
	requireState(t, store, one, func(s *domain.Snapshot) { s.LastUsedAt = kept })
	requireStored(t, store, other)
}

func ignoresAbsent(t *testing.T, store UsageStore) {
	known, unknown := issue(t), issue(t)
	deleted := rehydrated(t, issue(t), func(s *domain.Snapshot) { s.DeletedAt = issuedAt })
	requireCreated(t, store, known)
	requireCreated(t, store, deleted)

	recordUse(t, store, usedAt, unknown.id(), known.id(), deleted.id())
	rehash(t, store, domain.Rehash{KeyID: unknown.id(), Old: newDigest(), New: newDigest()})

	requireState(t, store, known, func(s *domain.Snapshot) { s.LastUsedAt = usedAt.UTC().Truncate(time.Microsecond) })
	requireAbsent(t, store, unknown)
	requireNotFound(t, store, deleted.workspace(), deleted.id())
	requireEvents(t, store, deleted)
}

func acceptsAnyLength(t *testing.T, store UsageStore) {
	recordUse(t, store, usedAt)
	rehash(t, store)

	e := issue(t)
	requireCreated(t, store, e)
	ids := []domain.KeyID{e.id()}
	replacements := []domain.Rehash{{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: newDigest()}}
	for range 5000 {
		id := issue(t).id()
		ids = append(ids, id)
		replacements = append(replacements, domain.Rehash{KeyID: id, Old: newDigest(), New: newDigest()})
	}
	recordUse(t, store, usedAt, ids...)
	rehash(t, store, replacements...)
	requireState(t, store, e, func(s *domain.Snapshot) {
		s.LastUsedAt = usedAt.UTC().Truncate(time.Microsecond)
		s.Secrets[0].Digest = replacements[0].New
	})
}

func rehashes(t *testing.T, store UsageStore) {
	e := rehydrated(t, issue(t), func(s *domain.Snapshot) {
		s.Secrets = append(s.Secrets, domain.StoredSecret{Digest: newDigest(), ValidUntil: issuedAt})
	})
	other := issue(t)
	requireCreated(t, store, e)
	requireCreated(t, store, other)
	stored := e.key.Snapshot().Secrets
	current, old := newDigest(), newDigest()
	current.PepperID, old.PepperID = "p2", "p2"

	rehash(t, store,
		domain.Rehash{KeyID: e.id(), Old: stored[0].Digest, New: current},
		domain.Rehash{KeyID: e.id(), Old: stored[1].Digest, New: old})

	requireState(t, store, e, func(s *domain.Snapshot) {
		s.Secrets[0].Digest, s.Secrets[1].Digest = current, old
	})
	requireStored(t, store, other)
}

func ignoresRotated(t *testing.T, store UsageStore) {
	e := issue(t)
	requireCreated(t, store, e)
	stored := e.key.Snapshot().Secrets[0].Digest
	cases := map[string]func(*domain.Rehash){
		"another digest":    func(r *domain.Rehash) { r.Old.Sum[31] ^= 1 },
		"another pepper":    func(r *domain.Rehash) { r.Old.PepperID = "p0" },
		"another algorithm": func(r *domain.Rehash) { r.Old.Algorithm = "other" },
		"another key":       func(r *domain.Rehash) { r.KeyID = issue(t).id() },
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			replacement := domain.Rehash{KeyID: e.id(), Old: stored, New: newDigest()}
			edit(&replacement)
			rehash(t, store, replacement)
			requireStored(t, store, e)
		})
	}
}

func usageRespectsContext(t *testing.T, store UsageStore) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	e := issue(t)
	requireCreated(t, store, e)
	replacement := domain.Rehash{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: newDigest()}
	if err := store.RecordUse(ended, batchOf(map[domain.KeyID]time.Time{e.id(): usedAt})); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("RecordUse returns %v, want ErrUnavailable", err)
	}
	if _, err := store.Usage(ended, ports.UsageQuery{KeyID: e.id()}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Usage returns %v, want ErrUnavailable", err)
	}
	if _, err := store.ForgetUsage(ended, domain.DayOf(usedAt), 1); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("ForgetUsage returns %v, want ErrUnavailable", err)
	}
	if err := store.Rehash(ended, []domain.Rehash{replacement}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Rehash returns %v, want ErrUnavailable", err)
	}
	requireStored(t, store, e)
}
