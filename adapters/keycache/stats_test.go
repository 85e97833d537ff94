package keycache

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := w.storedKey(t)
	for range 3 {
		w.status(t, id)
	}
	w.feed.changes = ports.Changes{Keys: []domain.KeyID{id}}
	w.poll(t)
	w.feed.changes = ports.Changes{Lost: true}
	w.poll(t)
	w.clock = begin.Add(time.Second)
	got := w.Stats()
	got.Keys = 0 // an estimate
	want := ports.CacheStats{Hits: 2, Misses: 1, FeedEvictions: 1, FeedLosses: 1, Unconfirmed: time.Second}
	if got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
}

func TestStats_CountsKeysEvictedToMakeRoom(t *testing.T) {
	t.Parallel()
	s := newStore()
	c, err := New(Options{Finder: s, MaximumKeys: 10, Now: func() time.Time { return begin }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for range 100 {
		id := newID(t)
		s.put(id, false)
		if _, err := c.Find(t.Context(), id, begin); err != nil {
			t.Fatal(err)
		}
	}
	c.known.Load().CleanUp()
	if got := c.Stats(); got.Evictions < 80 || got.Keys > 20 {
		t.Errorf("%d evictions, %d keys held, want room for about 10 of 100", got.Evictions, got.Keys)
	}
}

func TestStats_CountsTheReadsOfBothLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		id, other := newID(t), newID(t)
		w.store.put(id, false)
		w.status(t, id)
		w.clock = begin.Add(10 * time.Second)
		w.store.block(2)
		var wg sync.WaitGroup
		for _, asked := range []domain.KeyID{id, other} { // one cached, one not
			wg.Go(func() { w.status(t, asked) })
		}
		synctest.Wait()
		if got := w.Stats().Loads; got != 2 {
			t.Errorf("%d reads are in flight, want 2", got)
		}
		close(w.store.proceed)
		wg.Wait()
		if got := w.Stats().Loads; got != 0 {
			t.Errorf("%d reads are in flight, want none", got)
		}
	})
}
