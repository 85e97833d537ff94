package keycache

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// evictions are the ways to evict a key.
var evictions = map[string]func(*world, domain.KeyID){
	"one":   func(w *world, id domain.KeyID) { w.Evict(id) },
	"every": func(w *world, _ domain.KeyID) { w.EvictAll() },
}

func TestFind_ReadsAnEvictedKeyAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id, other := newID(t), newID(t)
	w.store.put(id, false)
	w.store.put(other, false)
	w.status(t, id)
	w.status(t, other)
	w.store.put(id, true)
	w.feed.changes = ports.Changes{Keys: []domain.KeyID{id}}
	w.poll(t)
	expect(t, "the changed key", w.status(t, id), "DISABLED")
	expect(t, "the other", w.status(t, other), "OK")
	w.expectReads(t, 3)
}

func TestFind_DiscardsARecordReadBeforeAnEviction(t *testing.T) {
	t.Parallel()
	for name, evict := range evictions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			id := w.storedKey(t)
			w.store.block(0)
			early := make(chan string)
			go func() { early <- w.status(t, id) }()
			<-w.store.reading // it holds the old record
			w.store.put(id, true)
			evict(w, id)

			late := make(chan string)
			go func() { late <- w.status(t, id) }()
			<-w.store.reading // the later check did not join the older read
			close(w.store.proceed)
			expect(t, "begun before the change", <-early, "OK")
			expect(t, "begun after the change", <-late, "DISABLED")
			w.store.mu.Lock()
			w.store.reading = nil
			w.store.mu.Unlock()
			expect(t, "afterwards", w.status(t, id), "DISABLED")
		})
	}
}

func TestEvictAll_DoesNotRemoveKeysOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	for range 10 {
		w.cachedKey(t)
	}
	former := w.known.Load()
	w.EvictAll()
	if left, held := former.EstimatedSize(), w.Stats().Keys; left != 10 || held != 0 {
		t.Errorf("%d of 10 keys are left in the former map and %d are held", left, held)
	}
}
