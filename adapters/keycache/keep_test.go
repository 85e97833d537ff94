package keycache

import (
	"bytes"
	"context"
	"runtime"
	"testing"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// changing is a store in which a key changes while a read holds the old record.
type changing struct {
	*store

	change func(domain.KeyID)
}

func (c changing) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	defer c.change(id)
	return c.store.Find(ctx, id)
}

func TestFind_CachesNoReadDuringWhichTheKeyWasEvicted(t *testing.T) {
	t.Parallel()
	for name, evict := range evictions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			known, unknown := newID(t), newID(t)
			w.store.put(known, false)
			w.finder = changing{w.store, func(id domain.KeyID) {
				w.store.put(id, true)
				evict(w, id)
			}}
			expect(t, "the known key at first", w.status(t, known), "OK")
			expect(t, "the unknown key at first", w.status(t, unknown), "not found")
			w.finder = w.store
			expect(t, "the known key then", w.status(t, known), "DISABLED")
			expect(t, "the unknown key then", w.status(t, unknown), "DISABLED")
		})
	}
}

func TestKeep_CachesNoKeyEvictedSinceItsRead(t *testing.T) {
	t.Parallel()
	for name, evict := range evictions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			id := newID(t)
			known, before, former := application.NewKnownKey(domain.Rehydrate(domain.Snapshot{ID: id})), w.generation(id).Load(), w.known.Load()
			evict(w, id)
			keep(w.Cache, former, id, known, before)
			keep(w.Cache, w.known.Load(), id, known, before)
			keep(w.Cache, w.unknown, id, struct{}{}, before)
			if _, kept := w.known.Load().GetIfPresent(id); kept {
				t.Error("the key is kept")
			}
			if _, kept := w.unknown.GetIfPresent(id); kept {
				t.Error("the identifier is kept")
			}
			keep(w.Cache, w.known.Load(), id, known, w.generation(id).Load())
			if _, kept := w.known.Load().GetIfPresent(id); !kept {
				t.Error("a key that was read afterwards is not kept")
			}
		})
	}
}

func TestKeep_LooksForAnEvictionUnderTheLockOfTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	known, before, cache := application.NewKnownKey(domain.Rehydrate(domain.Snapshot{ID: id})), w.generation(id).Load(), w.known.Load()
	done := make(chan struct{})
	cache.Compute(id, func(held *application.KnownKey, _ bool) (*application.KnownKey, otter.ComputeOp) {
		go func() {
			defer close(done)
			keep(w.Cache, cache, id, known, before)
		}()
		untilAMutexIsWaitedForIn(t, "keycache.keep[")
		w.generation(id).Add(1) // like Evict, which then also waits for the lock
		return held, otter.CancelOp
	})
	<-done
	if _, kept := cache.GetIfPresent(id); kept {
		t.Error("the key is kept")
	}
}

// untilAMutexIsWaitedForIn returns once a goroutine with that function on its
// stack waits for a mutex.
func untilAMutexIsWaitedForIn(t *testing.T, function string) {
	t.Helper()
	all := make([]byte, 1<<20)
	for t.Context().Err() == nil {
		for stack := range bytes.SplitSeq(all[:runtime.Stack(all, true)], []byte("\n\n")) {
			if bytes.Contains(stack, []byte("[sync.Mutex.Lock")) && bytes.Contains(stack, []byte(function)) {
				return
			}
		}
		runtime.Gosched()
	}
}
