package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/keycache"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	heldKeys    = 1_000_000
	targetBytes = 400 // per key
	// keysPerWorkspace is the number of cached keys per workspace.
	keysPerWorkspace = 100
)

// BenchmarkCheckMemory measures the memory of a cached key: the growth of the live
// heap from an empty cache to a full one, divided by the number of keys.
func BenchmarkCheckMemory(b *testing.B) {
	ids := seededIDs(b, heldKeys)
	cache, err := keycache.New(keycache.Options{
		Finder:      storedKeys{},
		MaximumKeys: heldKeys,
		OutageGrace: time.Minute,
		Now:         time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer cache.Close()
	if err := cache.Poll(b.Context(), quiet{}); err != nil {
		b.Fatal(err)
	}
	before := liveHeap()
	for _, id := range ids {
		_, err := cache.Find(b.Context(), id, time.Now())
		for errors.Is(err, domain.ErrUnavailable) { // a busy machine
			_, err = cache.Find(b.Context(), id, time.Now())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	after, stats := liveHeap(), cache.Stats()
	if stats.Keys < heldKeys*99/100 {
		b.Fatalf("%d of %d keys are cached", stats.Keys, heldKeys)
	}
	runtime.KeepAlive(ids)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(after-before)/float64(stats.Keys), "B/key")
	b.ReportMetric(targetBytes, "target")
}

// liveHeap returns the size of the live heap in bytes.
func liveHeap() uint64 {
	for range 3 { // weak pointers and finalizers need more than one collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func seededIDs(t testing.TB, n int) []domain.KeyID {
	t.Helper()
	ids := make([]domain.KeyID, n)
	for i, secret := range seededSecrets(t, n) {
		ids[i] = domain.KeyID(strings.Clone(string(secret.KeyID())))
	}
	return ids
}

// seededSecrets returns n secrets, the same ones every time.
func seededSecrets(t testing.TB, n int) []domain.Secret {
	t.Helper()
	random := io.Reader(rand.NewChaCha8([32]byte{}))
	secrets := make([]domain.Secret, n)
	for i := range secrets {
		var err error
		if secrets[i], err = domain.NewSecret(random, domain.ModeLive); err != nil {
			t.Fatal(err)
		}
	}
	return secrets
}

// storedKeys is a finder that has every key and, like a store, allocates all parts of
// each key.
type storedKeys struct{}

func (storedKeys) Find(_ context.Context, id domain.KeyID) (*domain.APIKey, error) {
	name, badName := domain.ParseName("Production Key")
	scopes, badScopes := domain.NewScopeSet(domain.Scope(strings.Clone("payment:read")), domain.Scope(strings.Clone("payment:write")))
	if err := errors.Join(badName.Err(), badScopes.Err()); err != nil {
		return nil, err
	}
	var digest domain.Digest
	copy(digest.Sum[:], id)
	digest.Algorithm, digest.PepperID = domain.Algorithm(strings.Clone(string(domain.AlgorithmHMACSHA256))), strings.Clone(pepperID)
	return domain.Rehydrate(domain.Snapshot{
		ID:        domain.KeyID(strings.Clone(string(id))),
		Workspace: workspaceOf(id),
		Name:      name,
		Mode:      domain.ModeLive,
		Scopes:    scopes,
		Secrets:   []domain.StoredSecret{{Digest: digest}},
		CreatedBy: strings.Clone(account),
		CreatedAt: time.Now(),
	}), nil
}

// workspaceOf distributes keys over workspaces with keysPerWorkspace each.
func workspaceOf(id domain.KeyID) domain.WorkspaceID {
	const workspaces = heldKeys / keysPerWorkspace
	var sum uint64
	for _, c := range []byte(id) {
		sum = sum*31 + uint64(c)
	}
	return domain.WorkspaceID(fmt.Sprintf("ws_%021d", sum%workspaces))
}

// quiet is a feed without changes.
type quiet struct{}

func (quiet) Poll(context.Context) (ports.Changes, error) { return ports.Changes{}, nil }
func (quiet) Wake() <-chan struct{}                       { return nil }
func (quiet) Close() error                                { return nil }
