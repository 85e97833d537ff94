package keycache

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/application"
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

func TestPoll_confirmsTheFeedAsOfWhenItWasSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after time.Duration // since the poll was sent
		want  string        // of a key that was disabled right after
	}{
		"within a second of it memory answers": {after: confirmedFor, want: "OK"},
		"later the store does":                 {after: confirmedFor + 1, want: "DISABLED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, time.Minute)
			id := newID(t)
			w.store.put(id, false)
			w.status(t, id)
			w.feed.during = func() { w.clock = begin.Add(400 * time.Millisecond) } // until the answer
			w.poll(t)
			w.store.put(id, true)
			w.clock = begin.Add(tt.after)
			expect(t, "check", w.status(t, id), tt.want)
		})
	}
}

func TestPoll_aPanicOfTheFeedConfirmsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.feed.during = func() { panic("the marked value") }
	err := w.Poll(t.Context(), w.feed)
	if !errors.Is(err, application.ErrPanicked) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("Poll() = %v", err)
	}
	w.store.put(id, true)
	expect(t, "a key in memory", w.status(t, id), "DISABLED")
	if got := w.Stats().FailedPolls; got != 1 {
		t.Errorf("%d failed polls, want 1", got)
	}
}

// The feed may have left its position behind the change that it did not tell.
func TestPoll_aPanicOfTheFeedLosesNoChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.put(id, true)
	w.feed.during = func() { panic("in the middle") }
	_ = w.Poll(t.Context(), w.feed)
	w.feed.during = nil
	w.poll(t)
	expect(t, "check", w.status(t, id), "DISABLED")
}
