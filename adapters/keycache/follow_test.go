package keycache

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestPoll_lostChangesEmptyTheCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.put(id, true)
	w.feed.changes = ports.Changes{Lost: true}
	w.poll(t)
	expect(t, "check", w.status(t, id), "DISABLED")
}

func TestFollow_evictsWhenWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := newID(t)
		w.store.put(id, false)
		w.status(t, id)
		w.store.put(id, true)
		w.feed.changes = ports.Changes{Keys: []domain.KeyID{id}}
		w.feed.wake = make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Follow(ctx, w.feed, discard)
		}()
		w.feed.wake <- struct{}{}
		synctest.Wait()
		expect(t, "check", w.status(t, id), "DISABLED")
		stop()
		<-done
	})
}
