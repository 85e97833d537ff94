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

// onceCases are what ports.Once and ports.OnceKeeper promise one caller at a time.
var onceCases = map[string]func(*testing.T, ports.KeyRepository){
	"makes a key once under an idempotency key":                  createsUnderKeyOnce,
	"makes a change once under an idempotency key":               updatesUnderKeyOnce,
	"answers a repeated deletion though the key is gone":         replaysDeletion,
	"answers a repeated request before it judges the key":        replaysFirst,
	"refuses an idempotency key under another fingerprint":       refusesReuse,
	"frees an idempotency key when its time has come":            freesExpired,
	"leaves an idempotency key free when a key is refused":       leavesFreeOnRefusedCreate,
	"leaves an idempotency key free when a change is refused":    leavesFreeOnRefusedUpdate,
	"takes an idempotency key for a change that changes nothing": takesForNoChange,
	"keeps every field of an outcome but the secrets":            keepsOutcomes,
	"keeps the idempotency keys of workspaces apart":             keepsKeysApart,
	"forgets idempotency keys that are free and no others":       forgets,
}

// newOnce is an idempotency key that nobody has used, of a request at issuedAt.
func newOnce() *ports.Once {
	o := &ports.Once{Key: rand.Text(), At: issuedAt, Until: issuedAt.Add(24 * time.Hour)}
	_, _ = rand.Read(o.Fingerprint[:])
	return o
}

// at is once as it would come later.
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

// requireReplayed fails unless err says that the change was made before, at
// that instant, and left the key like that.
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
		t.Errorf("the first request came at %v, want %v", replayed.At, first)
	}
}

// requireWouldBe fails unless Replayed says the same of a change as the
// method that would make it.
func requireWouldBe(t rapid.TB, repo ports.OnceKeeper, ws domain.WorkspaceID, once *ports.Once, err error) {
	t.Helper()
	replayed, got := repo.Replayed(context.Background(), ws, *once)
	want, repeated := errors.AsType[*ports.Replayed](err)
	switch {
	case repeated && (got != nil || replayed == nil):
		t.Errorf("Replayed gives %v and %v, want what was made before", replayed, got)
	case repeated:
		requireReplayed(t, replayed, want.Outcome.Snapshot(), want.At)
	case replayed != nil || !errors.Is(got, err):
		t.Errorf("Replayed gives %v and %v, want nothing and %v", replayed, got, err)
	}
}

func refuseToChange(t testing.TB) func(*domain.APIKey) (domain.Event, error) {
	return func(*domain.APIKey) (domain.Event, error) {
		t.Error("the change is called")
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
	disable(t, repo, e) // enables it: the outcome is what the first left
	err := updateUnder(repo, e, at(once, time.Hour), refuseToChange(t))
	requireReplayed(t, err, left, once.At)
	requireWouldBe(t, repo, e.workspace(), at(once, time.Hour), err)
	if events, err := eventsOf(t.Context(), repo, e.workspace(), e.id()); err != nil || len(events) != 3 {
		t.Errorf("Events gives %d events and %v, want 3", len(events), err)
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
	requireReplayed(t, updateUnder(repo, e, once, refuseToChange(t)), want, once.At)
	if err := updateUnder(repo, e, newOnce(), refuseToChange(t)); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("Update under another idempotency key gives %v, want ErrKeyNotFound", err)
	}
	requireTotal(t, repo, e.workspace(), 0)
}

// replaysFirst repeats under conditions that would refuse a new key.
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
		t.Errorf("Create gives %v, want ErrOnceReused", err)
	}
	unknown := issue(t, in(e.workspace()))
	if err := updateUnder(repo, unknown, reused, refuseToChange(t)); !errors.Is(err, domain.ErrOnceReused) {
		t.Errorf("Update of a key that is not there gives %v, want ErrOnceReused", err)
	}
}

func refusesReuse(t *testing.T, repo ports.KeyRepository) {
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
			"Update": updateUnder(repo, first, &other, refuseToChange(t)),
		} {
			if !errors.Is(err, domain.ErrOnceReused) {
				t.Errorf("%s gives %v, want ErrOnceReused", name, err)
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
		t.Fatalf("Create at the instant gives %v", err)
	}
	requireReplayed(t, createUnder(repo, first, free), second.key.Snapshot(), free.At)
}
