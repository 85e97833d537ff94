package portstest

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const flushes = 16

// usesDuringUpdates records uses of a key while it is renamed.
func usesDuringUpdates(t *testing.T, store UsageStore) {
	e := issue(t)
	requireCreated(t, store, e)
	last := usedAt.Add(flushes * time.Second)
	errs := together(2*flushes, func(i int) error {
		if i%2 == 0 {
			return store.RecordUse(t.Context(), batchOf(map[domain.KeyID]time.Time{e.id(): last.Add(-time.Duration(i) * time.Second)}))
		}
		return update(t.Context(), store, e.workspace(), e.id(), stateOf(t, issuedAt, func(s *domain.Snapshot) {
			s.Name = parsed(t, s.Name.String()+"x", domain.ParseName)
		}))
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	found, err := store.Find(t.Context(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	s := found.Snapshot()
	if want := last.UTC().Truncate(time.Microsecond); !s.LastUsedAt.Equal(want) {
		t.Errorf("the key was last used at %v, want %v", s.LastUsedAt, want)
	}
	if got, want := len(s.Name.String()), len(e.key.Snapshot().Name.String())+flushes; got != want {
		t.Errorf("the name has %d characters, want %d: an update was lost", got, want)
	}
}

func flushesTogether(t *testing.T, store UsageStore) {
	const keys = 32
	lastUsed := map[domain.KeyID]time.Time{}
	var replacements []domain.Rehash
	for range keys {
		e := issue(t)
		requireCreated(t, store, e)
		lastUsed[e.id()] = usedAt
		replacements = append(replacements, domain.Rehash{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: newDigest()})
	}
	errs := together(flushes, func(i int) error {
		uses, mine := map[domain.KeyID]time.Time{}, make([]domain.Rehash, keys)
		for id, at := range lastUsed {
			uses[id] = at.Add(time.Duration(i) * time.Second)
		}
		for j := range mine { // each starts at another key
			mine[j] = replacements[(i+j)%keys]
		}
		return errors.Join(store.RecordUse(t.Context(), batchOf(uses)), store.Rehash(t.Context(), mine))
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want := usedAt.Add((flushes - 1) * time.Second).UTC().Truncate(time.Microsecond)
	for _, r := range replacements {
		found, err := store.Find(t.Context(), r.KeyID)
		if err != nil {
			t.Fatalf("Find: %v", err)
		}
		if s := found.Snapshot(); !s.LastUsedAt.Equal(want) || s.Secrets[0].Digest != r.New {
			t.Errorf("key %s was last used at %v, want %v, or has the old digest", r.KeyID, s.LastUsedAt, want)
		}
	}
}

// rehashesDuringRotations re-hashes the original secret of keys while they are
// rotated.
func rehashesDuringRotations(t *testing.T, store UsageStore) {
	entries := make([]entry, flushes)
	rotated := make([]domain.Digest, flushes)
	for i := range entries {
		entries[i], rotated[i] = issue(t), newDigest()
		requireCreated(t, store, entries[i])
	}
	errs := together(2*flushes, func(i int) error {
		e := entries[i/2]
		if i%2 == 0 {
			return update(t.Context(), store, e.workspace(), e.id(), stateOf(t, issuedAt, func(s *domain.Snapshot) {
				s.Secrets = []domain.StoredSecret{{Digest: rotated[i/2]}}
			}))
		}
		return store.Rehash(t.Context(), []domain.Rehash{{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: newDigest()}})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		found, err := store.Find(t.Context(), e.id())
		if err != nil {
			t.Fatalf("Find: %v", err)
		}
		if s := found.Snapshot(); len(s.Secrets) != 1 || s.Secrets[0].Digest != rotated[i] {
			t.Error("a digest other than that of the rotation is stored")
		}
	}
}
