package keycache

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// foreignStore finds keys by the first byte of a digest. It counts the questions.
type foreignStore struct {
	ids         map[byte]domain.KeyID
	err         error
	asked, read atomic.Int64
}

func (f *foreignStore) HasForeign(context.Context) (bool, error) {
	f.asked.Add(1)
	return len(f.ids) > 0, f.err
}

func (f *foreignStore) FindForeign(_ context.Context, digests []domain.Digest) (domain.KeyID, error) {
	f.read.Add(1)
	id, ok := f.ids[digests[0].Sum[0]]
	if !ok && f.err == nil {
		return "", domain.ErrKeyNotFound
	}
	return id, f.err
}

func (*foreignStore) WorkspacesOf(context.Context, []domain.KeyID) (map[domain.KeyID]domain.WorkspaceID, error) {
	return nil, nil
}

// firstByte is a hasher whose digests are the first byte of a secret.
type firstByte struct{ ports.SecretHasher }

func (firstByte) Lookups(secret domain.Secret) []domain.Digest {
	return []domain.Digest{{Algorithm: domain.AlgorithmForeignHMAC, Sum: [32]byte{secret.Reveal()[0]}}}
}

// foreignWorld is a world with foreign secrets, each known by its first byte.
type foreignWorld struct {
	*world
	foreign *foreignStore
}

func newForeignWorld(t *testing.T) *foreignWorld {
	t.Helper()
	foreign := &foreignStore{ids: map[byte]domain.KeyID{}}
	return &foreignWorld{
		world:   newWorldWith(t, Options{Foreign: foreign, Hasher: firstByte{}, OutageGrace: time.Minute}),
		foreign: foreign,
	}
}

func (w *foreignWorld) find(t *testing.T, first byte) string {
	t.Helper()
	secret, err := domain.ParseForeignSecret(string(first) + "0123456789abcdefghijklmnop")
	if err != nil {
		t.Fatal(err)
	}
	known, err := w.FindForeign(t.Context(), secret, w.clock)
	switch {
	case errors.Is(err, domain.ErrKeyNotFound):
		return "not found"
	case err != nil:
		return "unavailable"
	}
	return string(known.ID())
}

func (w *foreignWorld) expectQuestions(t *testing.T, asked, read int64) {
	t.Helper()
	if a, r := w.foreign.asked.Load(), w.foreign.read.Load(); a != asked || r != read {
		t.Errorf("the store was asked %d times for any foreign secret and %d times for one, want %d and %d", a, r, asked, read)
	}
}

func TestFindForeign_AsksNothingWhileThereAreNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newForeignWorld(t)
		for i := range 100 {
			expect(t, "a made-up secret", w.find(t, '0'+byte(i)%64), "not found")
		}
		w.expectQuestions(t, 1, 0)
		w.clock = w.clock.Add(1001 * time.Millisecond)
		w.poll(t)
		w.find(t, 'a')
		w.expectQuestions(t, 2, 0)
		w.clock = w.clock.Add(-time.Hour)
		w.find(t, 'a')
		w.expectQuestions(t, 3, 0)
	})
}

func TestFindForeign_ReadsEachKeyOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newForeignWorld(t)
		id := w.storedKey(t)
		w.foreign.ids['a'] = id
		for range 10 {
			expect(t, "an imported key", w.find(t, 'a'), string(id))
			expect(t, "a made-up secret", w.find(t, 'b'), "not found")
		}
		w.expectQuestions(t, 1, 2)
		w.expectReads(t, 1)
		w.Evict(id)
		expect(t, "after a change", w.find(t, 'a'), string(id))
		w.expectReads(t, 2)
		time.Sleep(unknownFor + time.Millisecond) //nolint:forbidigo // the bubble's clock, which advances immediately
		w.find(t, 'b')
		w.expectQuestions(t, 1, 3)
	})
}

func TestFindForeign_SeesAKeyThatThisProcessImports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newForeignWorld(t)
		expect(t, "before", w.find(t, 'a'), "not found")
		digest := domain.Digest{Algorithm: domain.AlgorithmSHA256, Sum: [32]byte{'a'}}
		for i, first := range []byte("ab") { // the first one, and another
			id := w.storedKey(t)
			w.foreign.ids[first] = id
			key := domain.Rehydrate(domain.Snapshot{ID: id, Secrets: []domain.StoredSecret{{Digest: digest}}})
			if err := w.Evicting(createsNothing{}).Create(t.Context(), key, domain.Event{}, ports.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			expect(t, fmt.Sprint("key ", i), w.find(t, first), string(id))
			expect(t, "a made-up secret", w.find(t, 'b'+byte(i)), "not found")
		}
	})
}

// createsNothing is a writer for a store that a test fills.
type createsNothing struct{ ports.KeyWriter }

func (createsNothing) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	return nil
}

func TestFindForeign_FindsAnotherKeyAfterADeletion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newForeignWorld(t)
		deleted, id := newID(t), w.storedKey(t)
		w.foreign.ids['a'] = deleted
		expect(t, "the deleted key", w.find(t, 'a'), "not found")
		w.foreign.ids['a'] = id
		expect(t, "the other one", w.find(t, 'a'), string(id))
	})
}

func TestFindForeign_DeniesWhileTheStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newForeignWorld(t)
		w.foreign.err = domain.ErrUnavailable
		expect(t, "a store that never answered", w.find(t, 'a'), "unavailable")
		w.foreign.err = nil
		expect(t, "a store without any", w.find(t, 'a'), "not found")
		w.clock = w.clock.Add(2 * time.Second)
		w.foreign.err = domain.ErrUnavailable
		expect(t, "a store that had none", w.find(t, 'a'), "not found")
		w.foreign.err = nil
		w.foreign.ids['a'] = w.storedKey(t)
		expect(t, "a store that has one", w.find(t, 'a'), string(w.foreign.ids['a']))
		w.clock = w.clock.Add(2 * time.Second)
		w.foreign.err = domain.ErrUnavailable
		expect(t, "a store that had one", w.find(t, 'b'), "unavailable")
	})
}

func TestFindForeign_WithoutAStoreFindsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	secret, _ := domain.ParseForeignSecret("0123456789abcdefghijklmnop")
	if _, err := w.FindForeign(t.Context(), secret, w.clock); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("error = %v", err)
	}
}
