package application_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// heldKeys is a source that keeps keys in memory, like a cache.
type heldKeys map[domain.KeyID]*application.KnownKey

func (h heldKeys) Find(_ context.Context, id domain.KeyID, _ time.Time) (*application.KnownKey, error) {
	return h[id], nil
}

func (heldKeys) FindForeign(context.Context, domain.Secret, time.Time) (*application.KnownKey, error) {
	return nil, domain.ErrKeyNotFound
}

// rehashWorld checks keys whose digests use the old pepper p1, while p2 is the
// current one.
type rehashWorld struct {
	recorder *recorder
	usage    *application.Usage
	keys     heldKeys
	hasher   ports.SecretHasher
	random   *rand.ChaCha8
}

func newRehashWorld(t *testing.T) *rehashWorld {
	t.Helper()
	w := &rehashWorld{recorder: &recorder{}, keys: heldKeys{}, hasher: hasherOf(t, "p2", "p1"), random: random()}
	w.usage = application.NewUsage(w.recorder, w.hasher, clock, slog.New(slog.DiscardHandler))
	return w
}

// newKey adds a key with the given number of valid secrets and returns them, the
// current one first.
func (w *rehashWorld) newKey(t *testing.T, secrets int) []domain.Secret {
	t.Helper()
	first, err := domain.NewSecret(w.random, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	all := []domain.Secret{first}
	for len(all) < secrets {
		next, err := domain.NewSecretOf(w.random, first.KeyID())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, next)
	}
	s := domain.Snapshot{ID: first.KeyID(), Workspace: workspace, Mode: domain.ModeLive, Scopes: someScopes(t)}
	for _, secret := range all {
		s.Secrets = append(s.Secrets, domain.StoredSecret{Digest: hasherOf(t, "p1").Hash(secret)})
	}
	w.keys[s.ID] = application.NewKnownKey(domain.Rehydrate(s))
	return all
}

func (w *rehashWorld) check(t *testing.T, at time.Time, secrets ...domain.Secret) {
	t.Helper()
	authorize := application.NewAuthorize(w.keys, w.hasher, w.usage, nil, func() time.Time { return at }, &application.Lifetime{})
	for _, secret := range secrets {
		if d, err := authorize.Do(t.Context(), domain.Check{Secret: secret}); err != nil || !d.Allowed() {
			t.Fatalf("the check returns %s and %v", d.Verdict, err)
		}
	}
}

// expectRehashed fails the test unless the digest of each secret was replaced.
func (w *rehashWorld) expectRehashed(t *testing.T, secrets []domain.Secret) {
	t.Helper()
	replaced := map[domain.Digest]bool{}
	for _, r := range slices.Concat(w.recorder.rehashes...) {
		replaced[r.New] = true
	}
	missing := 0
	for _, secret := range secrets {
		if !replaced[w.hasher.Hash(secret)] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d digests were not replaced", missing, len(secrets))
	}
}

// moreThanQueue is more keys than the queue holds.
const moreThanQueue = 17_384

func (w *rehashWorld) newKeys(t *testing.T) []domain.Secret {
	t.Helper()
	all := make([]domain.Secret, 0, moreThanQueue)
	for range moreThanQueue {
		all = append(all, w.newKey(t, 1)...)
	}
	return all
}

func TestUsage_RehashesEachSecretOfAKey(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]int{
		"the old one is used first":     {1, 0},
		"the current one is used first": {0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRehashWorld(t)
			secrets := w.newKey(t, 2)
			for minute := range 5 {
				for i, secret := range order {
					w.check(t, clock().Add(time.Duration(minute)*time.Minute+time.Duration(i)*time.Second), secrets[secret])
				}
				if err := w.usage.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.expectRehashed(t, secrets)
			if got := len(slices.Concat(w.recorder.rehashes...)); got != 2 {
				t.Errorf("%d digests were written, want each once", got)
			}
		})
	}
}

func TestUsage_RehashesLaterIfTheQueueIsFull(t *testing.T) {
	t.Parallel()
	w := newRehashWorld(t)
	secrets := w.newKeys(t)
	for range 2 {
		w.check(t, clock(), secrets...)
		if err := w.usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.expectRehashed(t, secrets)
}

func TestUsage_RehashesLaterIfTheQueueIsFullAfterAFailure(t *testing.T) {
	t.Parallel()
	w := newRehashWorld(t)
	secrets := w.newKeys(t)
	early, late := secrets[:12_000], secrets[12_000:]
	w.check(t, clock(), early...)
	// While the store fails, other keys take room in the queue.
	w.recorder.err = domain.ErrUnavailable
	w.recorder.failing = func() { w.check(t, clock(), late...) }
	if err := w.usage.Flush(t.Context()); err == nil {
		t.Fatal("the flush succeeded")
	}
	w.recorder.err, w.recorder.failing = nil, nil
	for range 2 {
		if err := w.usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.check(t, clock(), secrets...)
	}
	w.expectRehashed(t, secrets)
}

func TestUsage_RehashesAKeyReadAgain(t *testing.T) {
	t.Parallel()
	w := newRehashWorld(t)
	secrets := w.newKey(t, 1)
	id := secrets[0].KeyID()
	for range 3 { // a cache that evicts the key each time
		held := domain.Snapshot{ID: id, Workspace: workspace, Mode: domain.ModeLive, Scopes: someScopes(t)}
		held.Secrets = []domain.StoredSecret{{Digest: hasherOf(t, "p1").Hash(secrets[0])}}
		w.keys[id] = application.NewKnownKey(domain.Rehydrate(held))
		w.check(t, clock(), secrets...)
	}
	if err := w.usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.expectRehashed(t, secrets)
	if got := len(slices.Concat(w.recorder.rehashes...)); got != 1 {
		t.Errorf("%d digests were written, want 1", got)
	}
}

func someScopes(t *testing.T) domain.ScopeSet {
	t.Helper()
	set, faults := domain.NewScopeSet("payment:read")
	if faults != nil {
		t.Fatal(faults)
	}
	return set
}
