package keycache

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestFind_ReadsAKeyOnceForConcurrentCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := w.storedKey(t)
		w.store.block(1)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { expect(t, "check", w.status(t, id), "OK") })
		}
		synctest.Wait()
		close(w.store.proceed)
		wg.Wait()
		w.expectReads(t, 1)
	})
}

func TestFind_BoundsTheReadsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.store.block(1000)
		var wg sync.WaitGroup
		for range 200 {
			id := newID(t)
			wg.Go(func() { expect(t, "check", w.status(t, id), "not found") })
		}
		synctest.Wait()
		w.expectReads(t, concurrentLoads)
		close(w.store.proceed)
		wg.Wait()
	})
}

func TestFind_BoundsTheReadsOfAllKeysTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		var ids []domain.KeyID
		for range 100 {
			id := w.cachedKey(t)
			ids = append(ids, id, newID(t))
		}
		w.clock = begin.Add(10 * time.Second) // the cache is in doubt
		w.store.reads.Store(0)
		w.store.block(1000)
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() { w.status(t, id) })
		}
		synctest.Wait()
		w.expectReads(t, MaximumReads)
		close(w.store.proceed)
		wg.Wait()
	})
}

func TestFind_BoundsTheReadsThatWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.store.block(10_000)
		var refused atomic.Int64
		var wg sync.WaitGroup
		for range concurrentLoads + waitingLoads + 10 {
			id := newID(t)
			wg.Go(func() {
				if w.status(t, id) == "unavailable" {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		if got := refused.Load(); got != 10 {
			t.Errorf("%d were refused, want 10", got)
		}
		close(w.store.proceed)
		wg.Wait()
		if got := w.Stats().Loads; got != 0 {
			t.Errorf("%d loads are left", got)
		}
	})
}

func TestFind_LetsACallerLeaveWhileOthersWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := w.storedKey(t)
	w.store.block(0)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := w.Find(ctx, id, w.clock)
		left <- err
	}()
	<-w.store.reading
	leave()
	if err := <-left; !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("error = %v", err)
	}
	stayed := make(chan string)
	go func() { stayed <- w.status(t, id) }()
	close(w.store.proceed)
	expect(t, "the one that stayed", <-stayed, "OK")
	w.expectReads(t, 1)
}

func TestFind_SurvivesAPanicOfTheStore(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Finder: panicking{}, MaximumKeys: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, err = c.Find(t.Context(), newID(t), begin)
	if err == nil || errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("error = %v", err)
	}
}

type panicking struct{}

func (panicking) Find(context.Context, domain.KeyID) (*domain.APIKey, error) {
	panic("the marked value")
}

// docs/operations.md and the pools of the stores rely on this.
func TestBounds(t *testing.T) {
	t.Parallel()
	if loadTimeout != 2*time.Second || rereadTimeout != 200*time.Millisecond {
		t.Errorf("a read may take %v, and one of a key in memory %v, want 2s and 200ms", loadTimeout, rereadTimeout)
	}
	if concurrentLoads != 8 || concurrentRereads != 4 || MaximumReads != 12 {
		t.Errorf("%d and %d reads at once, %d together, want 8, 4 and 12", concurrentLoads, concurrentRereads, MaximumReads)
	}
}
