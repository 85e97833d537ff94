package keycache

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// hang makes every read ignore its context and block until the returned
// function is called.
func (w *world) hang(t *testing.T) (release func()) {
	t.Helper()
	w.store.block(1000)
	return func() {
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		close(w.store.proceed)
		w.store.reading, w.store.proceed = nil, nil
	}
}

func TestFind_EndsInTimeThoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		grace   time.Duration
		warm    bool          // the key is cached
		after   time.Duration // since the feed was last confirmed
		want    string
		timeout time.Duration
	}{
		{name: "a key that is not in memory", want: "unavailable", timeout: loadTimeout},
		{name: "a key in memory, in doubt", grace: time.Minute, warm: true, after: 10 * time.Second, want: "OK", timeout: rereadTimeout},
		{name: "a key in memory, beyond the grace", warm: true, after: 10 * time.Second, want: "unavailable", timeout: loadTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.grace)
				id := w.storedKey(t)
				if tt.warm {
					w.status(t, id)
				}
				w.clock = begin.Add(tt.after)
				release := w.hang(t)
				begun := time.Now()
				answered := make(chan string, 1)
				go func() { answered <- w.status(t, id) }()
				select {
				case got := <-answered:
					expect(t, "check", got, tt.want)
					if took := time.Since(begun); took != tt.timeout {
						t.Errorf("the check took %v, want %v", took, tt.timeout)
					}
				case <-time.After(time.Hour):
					t.Error("the check had not ended after an hour")
				}
				release()
			})
		})
	}
}

func TestFind_BoundsTheReadsThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		release := w.hang(t)
		w.store.reads.Store(0)
		for range 5 {
			done := make(chan struct{})
			for range 100 {
				id := newID(t)
				go func() {
					expect(t, "check", w.status(t, id), "unavailable")
					done <- struct{}{}
				}()
			}
			for range 100 {
				select {
				case <-done:
				case <-time.After(time.Hour):
					t.Fatal("a check had not ended after an hour")
				}
			}
		}
		w.expectReads(t, concurrentLoads)
		if got := w.Stats().Loads; got != 0 {
			t.Errorf("%d callers' reads are counted, want 0: nobody waits for any", got)
		}

		release()
		synctest.Wait()
		id := w.storedKey(t)
		expect(t, "a check once the store answers", w.status(t, id), "OK")
	})
}

func TestFind_DoesNotShareAReadThatWasGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := w.storedKey(t)
		release := w.hang(t)
		expect(t, "the check that hangs", w.status(t, id), "unavailable")
		w.store.mu.Lock()
		w.store.reading = nil // the next read does not hang
		w.store.mu.Unlock()
		expect(t, "the next check", w.status(t, id), "OK")
		release()
	})
}

// A record that was read before a change must not be cached, however late the
// read ends.
func TestFind_KeepsNothingStaleFromAReadThatWasGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := w.storedKey(t)
		release := w.hang(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := w.Find(ctx, id, w.clock); !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil {
			t.Errorf("Find() = %v, %v", err, ctx.Err())
		}
		w.store.put(id, true)
		w.feed.changes.Keys = []domain.KeyID{id}
		w.poll(t)
		release()
		synctest.Wait()
		expect(t, "a check after the change", w.status(t, id), "DISABLED")
	})
}
