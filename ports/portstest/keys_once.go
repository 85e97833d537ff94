package portstest

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// onceCases test ports.Once and ports.OnceKeeper for sequential callers.
var onceCases = map[string]func(*testing.T, ports.KeyRepository){
	"creates a key once per idempotency key":                   createsUnderKeyOnce,
	"makes a change once per idempotency key":                  updatesUnderKeyOnce,
	"replays a deletion although the key is gone":              replaysDeletion,
	"replays a request before checking the key":                replaysFirst,
	"rejects an idempotency key with another fingerprint":      rejectsReuse,
	"frees an idempotency key when it expires":                 freesExpired,
	"leaves an idempotency key unused if a key is rejected":    leavesUnusedOnRejectedCreate,
	"leaves an idempotency key unused if a change is rejected": leavesUnusedOnRejectedUpdate,
	"uses an idempotency key for a change without effect":      usesForNoChange,
	"keeps every field of an outcome except the secrets":       keepsOutcomes,
	"separates the idempotency keys of workspaces":             separatesWorkspaces,
	"forgets only idempotency keys that have expired":          forgets,
}

// newOnce returns an unused idempotency key for a request at issuedAt.
func newOnce() *ports.Once {
	o := &ports.Once{Key: rand.Text(), At: issuedAt, Until: issuedAt.Add(24 * time.Hour)}
	_, _ = rand.Read(o.Fingerprint[:])
	return o
}

// at returns once for a request that arrives later by after.
func at(once *ports.Once, after time.Duration) *ports.Once {
	later := *once
	later.At, later.Until = once.At.Add(after), once.Until.Add(after)
	return &later
}

func createUnder(repo ports.KeyWriter, e entry, once *ports.Once) error {
	return repo.Create(context.Background(), e.key, e.event, ports.CreateOptions{Once: once})
}

func updateUnder(repo ports.KeyWriter, e entry, once *ports.Once, change func(*domain.APIKey) (domain.Event, error)) error {
	return repo.Update(context.Background(), e.workspace(), e.id(), change, ports.UpdateOptions{Once: once})
}

// requireReplayed fails the test unless err is a Replayed with the given outcome
// and time of the first request.
func requireReplayed(t rapid.TB, err error, want domain.Snapshot, first time.Time) {
	t.Helper()
	replayed, ok := errors.AsType[*ports.Replayed](err)
	if !ok {
		t.Fatalf("got %v, want a Replayed", err)
	}
	want.Secrets = nil
	if diff := cmp.Diff(want, replayed.Outcome.Snapshot(), exactly); diff != "" {
		t.Errorf("the outcome differs (-first +repeated):\n%s", diff)
	}
	if !replayed.At.Equal(first) {
		t.Errorf("the first request was at %v, want %v", replayed.At, first)
	}
}

// requireWouldBe fails the test unless Replayed predicts the result err of a
// change with once.
func requireWouldBe(t rapid.TB, repo ports.OnceKeeper, ws domain.WorkspaceID, once *ports.Once, err error) {
	t.Helper()
	replayed, got := repo.Replayed(context.Background(), ws, *once)
	want, repeated := errors.AsType[*ports.Replayed](err)
	switch {
	case repeated && (got != nil || replayed == nil):
		t.Errorf("Replayed returns %v and %v, want the earlier outcome", replayed, got)
	case repeated:
		requireReplayed(t, replayed, want.Outcome.Snapshot(), want.At)
	case replayed != nil || !errors.Is(got, err):
		t.Errorf("Replayed returns %v and %v, want nothing and %v", replayed, got, err)
	}
}

func mustNotChange(t testing.TB) func(*domain.APIKey) (domain.Event, error) {
	return func(*domain.APIKey) (domain.Event, error) {
		t.Error("change was called")
		return domain.Event{}, errors.New("called")
	}
}

func createsUnderKeyOnce(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	first, second := issue(t, in(ws)), issue(t, in(ws))
	once := newOnce()
	requireWouldBe(t, repo, first.workspace(), once, nil)
	if err := createUnder(repo, first, once); err != nil {
		t.Fatalf("Create: %v", err)
	}
	requireStored(t, repo, first)
	for _, again := range []entry{second, first} {
		err := createUnder(repo, again, at(once, time.Hour))
		requireReplayed(t, err, first.key.Snapshot(), once.At)
		requireWouldBe(t, repo, first.workspace(), at(once, time.Hour), err)
	}
	requireAbsent(t, repo, second)
	requireTotal(t, repo, first.workspace(), 1)
	requireStored(t, repo, first)
}

func updatesUnderKeyOnce(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	once := newOnce()
	var left domain.Snapshot
	if err := updateUnder(repo, e, once, stateOf(t, issuedAt, func(s *domain.Snapshot) {
		s.Disabled, s.Secrets = true, []domain.StoredSecret{{Digest: newDigest()}}
		left = *s
	})); err != nil {
		t.Fatalf("Update: %v", err)
	}
	disable(t, repo, e) // enables it; the outcome must be that of the first update
	err := updateUnder(repo, e, at(once, time.Hour), mustNotChange(t))
	requireReplayed(t, err, left, once.At)
	requireWouldBe(t, repo, e.workspace(), at(once, time.Hour), err)
	if events, err := eventsOf(t.Context(), repo, e.workspace(), e.id()); err != nil || len(events) != 3 {
		t.Errorf("Events returns %d events and %v, want 3", len(events), err)
	}
}

func replaysDeletion(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	once := newOnce()
	if err := updateUnder(repo, e, once, deletion(t, e)); err != nil {
		t.Fatalf("Update: %v", err)
	}
	want := e.key.Snapshot()
	want.DeletedAt = issuedAt.Add(time.Second)
	requireReplayed(t, updateUnder(repo, e, once, mustNotChange(t)), want, once.At)
	if err := updateUnder(repo, e, newOnce(), mustNotChange(t)); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("Update under another idempotency key returns %v, want ErrKeyNotFound", err)
	}
	requireTotal(t, repo, e.workspace(), 0)
}

// replaysFirst repeats a request under conditions that would reject a new key.
func replaysFirst(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	once := newOnce()
	create := func(once *ports.Once) error {
		return repo.Create(t.Context(), e.key, e.event, ports.CreateOptions{MaxKeys: 1, Once: once})
	}
	if err := create(once); err != nil {
		t.Fatalf("Create: %v", err)
	}
	requireReplayed(t, create(once), e.key.Snapshot(), once.At)
	reused := newOnce()
	reused.Key = once.Key
	if err := create(reused); !errors.Is(err, domain.ErrOnceReused) {
		t.Errorf("Create returns %v, want ErrOnceReused", err)
	}
	unknown := issue(t, in(e.workspace()))
	if err := updateUnder(repo, unknown, reused, mustNotChange(t)); !errors.Is(err, domain.ErrOnceReused) {
		t.Errorf("Update of an unknown key returns %v, want ErrOnceReused", err)
	}
}

func rejectsReuse(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	first, second := issue(t, in(ws)), issue(t, in(ws))
	once := newOnce()
	if err := createUnder(repo, first, once); err != nil {
		t.Fatalf("Create: %v", err)
	}
	for bit := range 2 { // in the first byte and in the last
		other := *once
		other.Fingerprint[bit*31] ^= 1
		for name, err := range map[string]error{
			"Create": createUnder(repo, second, &other),
			"Update": updateUnder(repo, first, &other, mustNotChange(t)),
		} {
			if !errors.Is(err, domain.ErrOnceReused) {
				t.Errorf("%s returns %v, want ErrOnceReused", name, err)
			}
		}
		requireWouldBe(t, repo, first.workspace(), &other, domain.ErrOnceReused)
	}
	requireAbsent(t, repo, second)
	requireStored(t, repo, first)
}

func freesExpired(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	first, second := issue(t, in(ws)), issue(t, in(ws))
	once := newOnce()
	if err := createUnder(repo, first, once); err != nil {
		t.Fatalf("Create: %v", err)
	}
	late := at(once, once.Until.Sub(once.At)-time.Microsecond)
	requireReplayed(t, createUnder(repo, second, late), first.key.Snapshot(), once.At)

	free := at(once, once.Until.Sub(once.At))
	free.Fingerprint[0] ^= 1
	requireWouldBe(t, repo, first.workspace(), free, nil)
	if err := createUnder(repo, second, free); err != nil {
		t.Fatalf("Create at expiry returns %v", err)
	}
	requireReplayed(t, createUnder(repo, first, free), second.key.Snapshot(), free.At)
}
