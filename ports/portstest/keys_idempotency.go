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

// idempotencyCases test ports.Idempotency and ports.IdempotencyStore for sequential callers.
var idempotencyCases = map[string]func(*testing.T, ports.KeyRepository){
	"creates a key once per idempotency key":                   createsPerIdempotencyKey,
	"makes a change once per idempotency key":                  updatesPerIdempotencyKey,
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

// newIdempotency returns an unused idempotency key for a request at issuedAt.
func newIdempotency() *ports.Idempotency {
	idempotency := &ports.Idempotency{Key: rand.Text(), At: issuedAt, Until: issuedAt.Add(24 * time.Hour)}
	_, _ = rand.Read(idempotency.Fingerprint[:])
	return idempotency
}

// at returns the idempotency key of a request that arrives later by after.
func at(idempotency *ports.Idempotency, after time.Duration) *ports.Idempotency {
	later := *idempotency
	later.At, later.Until = idempotency.At.Add(after), idempotency.Until.Add(after)
	return &later
}

func createUnder(repo ports.KeyWriter, e entry, idempotency *ports.Idempotency) error {
	return repo.Create(context.Background(), e.key, e.event, ports.CreateOptions{Idempotency: idempotency})
}

func updateUnder(repo ports.KeyWriter, e entry, idempotency *ports.Idempotency, change func(*domain.APIKey) (domain.Event, error)) error {
	return repo.Update(context.Background(), e.workspace(), e.id(), change, ports.UpdateOptions{Idempotency: idempotency})
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
// change with idempotency.
func requireWouldBe(t rapid.TB, repo ports.IdempotencyStore, ws domain.WorkspaceID, idempotency *ports.Idempotency, err error) {
	t.Helper()
	replayed, got := repo.Replayed(context.Background(), ws, *idempotency)
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

func createsPerIdempotencyKey(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	first, second := issue(t, in(ws)), issue(t, in(ws))
	idempotency := newIdempotency()
	requireWouldBe(t, repo, first.workspace(), idempotency, nil)
	if err := createUnder(repo, first, idempotency); err != nil {
		t.Fatalf("Create: %v", err)
	}
	requireStored(t, repo, first)
	for _, again := range []entry{second, first} {
		err := createUnder(repo, again, at(idempotency, time.Hour))
		requireReplayed(t, err, first.key.Snapshot(), idempotency.At)
		requireWouldBe(t, repo, first.workspace(), at(idempotency, time.Hour), err)
	}
	requireAbsent(t, repo, second)
	requireTotal(t, repo, first.workspace(), 1)
	requireStored(t, repo, first)
}

func updatesPerIdempotencyKey(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	idempotency := newIdempotency()
	var left domain.Snapshot
	if err := updateUnder(repo, e, idempotency, stateOf(t, issuedAt, func(s *domain.Snapshot) {
		s.Disabled, s.Secrets = true, []domain.StoredSecret{{Digest: newDigest()}}
		left = *s
	})); err != nil {
		t.Fatalf("Update: %v", err)
	}
	disable(t, repo, e) // enables it; the outcome must be that of the first update
	err := updateUnder(repo, e, at(idempotency, time.Hour), mustNotChange(t))
	requireReplayed(t, err, left, idempotency.At)
	requireWouldBe(t, repo, e.workspace(), at(idempotency, time.Hour), err)
	if events, err := eventsOf(t.Context(), repo, e.workspace(), e.id()); err != nil || len(events) != 3 {
		t.Errorf("Events returns %d events and %v, want 3", len(events), err)
	}
}

func replaysDeletion(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	idempotency := newIdempotency()
	if err := updateUnder(repo, e, idempotency, deletion(t, e)); err != nil {
		t.Fatalf("Update: %v", err)
	}
	want := e.key.Snapshot()
	want.DeletedAt = issuedAt.Add(time.Second)
	requireReplayed(t, updateUnder(repo, e, idempotency, mustNotChange(t)), want, idempotency.At)
	if err := updateUnder(repo, e, newIdempotency(), mustNotChange(t)); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("Update under another idempotency key returns %v, want ErrKeyNotFound", err)
	}
	requireTotal(t, repo, e.workspace(), 0)
}

// replaysFirst repeats a request under conditions that would reject a new key.
func replaysFirst(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	idempotency := newIdempotency()
	create := func(idempotency *ports.Idempotency) error {
		return repo.Create(t.Context(), e.key, e.event, ports.CreateOptions{MaxKeys: 1, Idempotency: idempotency})
	}
	if err := create(idempotency); err != nil {
		t.Fatalf("Create: %v", err)
	}
	requireReplayed(t, create(idempotency), e.key.Snapshot(), idempotency.At)
	reused := newIdempotency()
	reused.Key = idempotency.Key
	if err := create(reused); !errors.Is(err, domain.ErrIdempotencyKeyReused) {
		t.Errorf("Create returns %v, want ErrIdempotencyKeyReused", err)
	}
	unknown := issue(t, in(e.workspace()))
	if err := updateUnder(repo, unknown, reused, mustNotChange(t)); !errors.Is(err, domain.ErrIdempotencyKeyReused) {
		t.Errorf("Update of an unknown key returns %v, want ErrIdempotencyKeyReused", err)
	}
}

func rejectsReuse(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	first, second := issue(t, in(ws)), issue(t, in(ws))
	idempotency := newIdempotency()
	if err := createUnder(repo, first, idempotency); err != nil {
		t.Fatalf("Create: %v", err)
	}
	for bit := range 2 { // in the first byte and in the last
		other := *idempotency
		other.Fingerprint[bit*31] ^= 1
		for name, err := range map[string]error{
			"Create": createUnder(repo, second, &other),
			"Update": updateUnder(repo, first, &other, mustNotChange(t)),
		} {
			if !errors.Is(err, domain.ErrIdempotencyKeyReused) {
				t.Errorf("%s returns %v, want ErrIdempotencyKeyReused", name, err)
			}
		}
		requireWouldBe(t, repo, first.workspace(), &other, domain.ErrIdempotencyKeyReused)
	}
	requireAbsent(t, repo, second)
	requireStored(t, repo, first)
}

func freesExpired(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	first, second := issue(t, in(ws)), issue(t, in(ws))
	idempotency := newIdempotency()
	if err := createUnder(repo, first, idempotency); err != nil {
		t.Fatalf("Create: %v", err)
	}
	late := at(idempotency, idempotency.Until.Sub(idempotency.At)-time.Microsecond)
	requireReplayed(t, createUnder(repo, second, late), first.key.Snapshot(), idempotency.At)

	free := at(idempotency, idempotency.Until.Sub(idempotency.At))
	free.Fingerprint[0] ^= 1
	requireWouldBe(t, repo, first.workspace(), free, nil)
	if err := createUnder(repo, second, free); err != nil {
		t.Fatalf("Create at expiry returns %v", err)
	}
	requireReplayed(t, createUnder(repo, first, free), second.key.Snapshot(), free.At)
}
