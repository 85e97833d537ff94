package keycache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestFind_WhenTheStoreIsLost(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("connect: %w", domain.ErrUnavailable)
	tests := []struct {
		name  string
		grace time.Duration
		after time.Duration // since the last confirmation
		want  string
		reads int64 // after the first
	}{
		{name: "memory answers at first", grace: 30 * time.Second, after: time.Second, want: "OK", reads: 0},
		{name: "then the store is tried before", grace: 30 * time.Second, after: time.Second + 1, want: "OK", reads: 1},
		{name: "until the grace ends", grace: 30 * time.Second, after: 30 * time.Second, want: "OK", reads: 1},
		{name: "never after it", grace: 30 * time.Second, after: 30*time.Second + 1, want: "unavailable", reads: 1},
		{name: "no grace, no answer", grace: 0, after: time.Second + 1, want: "unavailable", reads: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.grace)
			id := w.cachedKey(t)
			w.store.fail(lost)
			w.clock = begin.Add(tt.after)
			expect(t, "check", w.status(t, id), tt.want)
			w.expectReads(t, 1+tt.reads)
		})
	}
}

func TestFind_ReadsTheStoreAfterAFailedPoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 30*time.Second)
	id := w.cachedKey(t)
	w.store.put(id, true)
	w.feed.err = domain.ErrUnavailable
	if err := w.Poll(t.Context(), w.feed); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatal(err)
	}
	expect(t, "a feed that is down while the store is not", w.status(t, id), "DISABLED")
	w.feed.err = nil
	w.poll(t)
	expect(t, "once it is back", w.status(t, id), "DISABLED")
	w.expectReads(t, 2)
}

func TestFind_FailsAtOnceAfterAFailedPollWithoutGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := w.cachedKey(t)
	w.store.fail(domain.ErrUnavailable)
	w.feed.err = domain.ErrUnavailable
	w.clock = begin.Add(time.Millisecond)
	_ = w.Poll(t.Context(), w.feed)
	expect(t, "check", w.status(t, id), "unavailable")
}

func TestFind_SharesNoOldReadWhileTheFeedIsDoubtful(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	w.clock = begin.Add(10 * time.Second) // since the last confirmation
	id := w.storedKey(t)
	w.store.block(0)
	find := func(at time.Time) <-chan string {
		verdict := make(chan string, 1)
		go func() {
			known, err := w.Find(t.Context(), id, at)
			if err != nil {
				verdict <- err.Error()
				return
			}
			secret, _ := secrets.Load(id)
			decision, _ := known.Authorize(domain.Check{Secret: secret.(domain.Secret)}, credulous{}, at)
			verdict <- string(decision.Verdict)
		}()
		return verdict
	}
	early := find(w.clock)
	<-w.store.reading // it holds the old record
	w.store.put(id, true)
	late := find(w.clock.Add(100 * time.Millisecond))
	<-w.store.reading
	close(w.store.proceed)
	expect(t, "the early check", <-early, "OK")
	expect(t, "the late check", <-late, "DISABLED")
}

func TestFind_UsesNoCacheForACallerThatLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := w.cachedKey(t)
	w.store.put(id, true)
	w.clock = begin.Add(10 * time.Second)
	w.store.block(1)
	defer close(w.store.proceed)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if known, err := w.Find(ctx, id, w.clock); !errors.Is(err, domain.ErrUnavailable) || known != nil {
		t.Errorf("Find() = %v, %v, though no read has failed", known, err)
	}
}

func TestFind_ReturnsNoStaleKeyInAFloodOfUnknownIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		id := w.cachedKey(t)
		w.clock = begin.Add(10 * time.Second)
		w.store.block(1000)
		var wg sync.WaitGroup
		for range 500 {
			unknown := newID(t)
			wg.Go(func() { w.status(t, unknown) })
		}
		synctest.Wait() // every place for uncached keys is taken
		w.store.mu.Lock()
		w.store.reading = nil
		w.store.mu.Unlock()
		w.store.put(id, true)
		expect(t, "the known key", w.status(t, id), "DISABLED")
		close(w.store.proceed)
		wg.Wait()
	})
}

func TestFind_UsesTheCacheForAllKeysWhenTheStoreIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		ids := make([]domain.KeyID, 10*concurrentRereads)
		for i := range ids {
			ids[i] = newID(t)
			w.store.put(ids[i], false)
			w.status(t, ids[i])
		}
		w.clock = begin.Add(10 * time.Second)
		w.store.silent.Store(true)
		asked := time.Now()
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() { expect(t, "a key in memory", w.status(t, id), "OK") })
		}
		wg.Wait()
		if took := time.Since(asked); took != rereadTimeout {
			t.Errorf("it took %v, want %v", took, rereadTimeout)
		}
	})
}

// A key that was deleted while the feed is in doubt is not found, although it
// is still cached.
func TestFind_MemoryAnswersOnlyForAStoreThatIsUnavailable(t *testing.T) {
	t.Parallel()
	damaged := errors.New("damaged row")
	for want, err := range map[string]error{
		"not found":     domain.ErrKeyNotFound,
		damaged.Error(): damaged,
		"OK":            domain.ErrUnavailable,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, time.Minute)
			id := w.cachedKey(t)
			w.clock = begin.Add(10 * time.Second)
			w.store.fail(err)
			expect(t, "check", w.status(t, id), want)
		})
	}
}

// The grace may end while the store is being read.
func TestFind_MemoryDoesNotAnswerOnceTheGraceHasEnded(t *testing.T) {
	t.Parallel()
	const grace = time.Minute
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, grace)
		id := w.cachedKey(t)
		w.store.fail(domain.ErrUnavailable)
		w.store.block(0)
		at := begin.Add(grace)
		w.clock = at
		ended := make(chan error, 1)
		go func() {
			_, err := w.Find(t.Context(), id, at)
			ended <- err
		}()
		<-w.store.reading
		w.clock = begin.Add(grace + 1)
		w.store.proceed <- struct{}{}
		if err := <-ended; !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("Find() = %v after the grace, want ErrUnavailable", err)
		}
	})
}

func TestFind_SharesAReadForATenthOfASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		id := w.storedKey(t)
		w.store.block(9)
		var wg sync.WaitGroup
		for _, late := range []time.Duration{0, 99 * time.Millisecond, 100 * time.Millisecond} {
			wg.Go(func() { _, _ = w.Find(t.Context(), id, begin.Add(10*time.Second+late)) })
		}
		synctest.Wait()
		w.expectReads(t, 2)
		close(w.store.proceed)
		wg.Wait()
	})
}
