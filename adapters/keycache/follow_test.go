package keycache

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestPoll_EmptiesTheCacheWhenChangesAreLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := w.cachedKey(t)
	w.store.put(id, true)
	w.feed.changes = ports.Changes{Lost: true}
	w.poll(t)
	expect(t, "check", w.status(t, id), "DISABLED")
}

func TestFollow_EvictsWhenWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := w.cachedKey(t)
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

func TestPoll_ConfirmsTheFeedAsOfWhenItWasSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after time.Duration // since the poll was sent
		want  string        // for a key that was disabled right after
	}{
		"within a second the cache is used": {after: confirmedFor, want: "OK"},
		"later the store is read":           {after: confirmedFor + 1, want: "DISABLED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, time.Minute)
			id := w.cachedKey(t)
			w.feed.during = func() { w.clock = begin.Add(400 * time.Millisecond) } // until the poll returns
			w.poll(t)
			w.store.put(id, true)
			w.clock = begin.Add(tt.after)
			expect(t, "check", w.status(t, id), tt.want)
		})
	}
}

func TestPoll_ConfirmsNothingWhenTheFeedPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := w.cachedKey(t)
	w.feed.during = func() { panic("the marked value") }
	err := w.Poll(t.Context(), w.feed)
	if !errors.Is(err, domain.ErrPanicked) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("Poll() = %v", err)
	}
	w.store.put(id, true)
	expect(t, "a key in memory", w.status(t, id), "DISABLED")
	if got := w.Stats().FailedPolls; got != 1 {
		t.Errorf("%d failed polls, want 1", got)
	}
}

// The feed may already be past the change that it did not report.
func TestPoll_LosesNoChangeWhenTheFeedPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := w.cachedKey(t)
	w.store.put(id, true)
	w.feed.during = func() { panic("in the middle") }
	_ = w.Poll(t.Context(), w.feed)
	w.feed.during = nil
	w.poll(t)
	expect(t, "check", w.status(t, id), "DISABLED")
}

// pollsOf follows a feed for a second, in which the second to fourth polls
// fail, and returns the times of the polls and the log.
func pollsOf(t *testing.T) (at []time.Duration, log string) {
	t.Helper()
	w := newWorld(t, 0)
	var text bytes.Buffer
	begun := time.Now()
	w.feed.during = func() {
		at = append(at, time.Since(begun))
		w.feed.err = nil
		if n := len(at); n >= 2 && n <= 4 {
			w.feed.err = domain.ErrUnavailable
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Second-time.Millisecond)
	defer stop()
	w.Follow(ctx, w.feed, slog.New(slog.NewTextHandler(&text, nil)))
	return at, text.String()
}

func TestFollow_PollsEvery200MillisecondsAndLogsEachChangeOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at, log := pollsOf(t)
		const ms = time.Millisecond
		if want := []time.Duration{0, 200 * ms, 400 * ms, 600 * ms, 800 * ms}; !slices.Equal(at, want) {
			t.Errorf("the feed is polled after %v, want %v", at, want)
		}
		if warned, told := strings.Count(log, "level=WARN"), strings.Count(log, "level=INFO"); warned != 1 || told != 1 {
			t.Errorf("%d warnings and %d infos, want one of each:\n%s", warned, told, log)
		}
	})
}

// hangingFeed does not return from a poll in time.
type hangingFeed struct{ script }

func (*hangingFeed) Poll(ctx context.Context) (ports.Changes, error) {
	<-ctx.Done()
	return ports.Changes{}, ctx.Err()
}

func TestPoll_GivesTheFeedHalfASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		begun := time.Now()
		if err := w.Poll(t.Context(), new(hangingFeed)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Poll() = %v", err)
		}
		if took := time.Since(begun); took != 500*time.Millisecond {
			t.Errorf("Poll() took %v, want 500ms", took)
		}
	})
}

func TestFollow_LogsNothingWhenItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		var log bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Follow(ctx, new(hangingFeed), slog.New(slog.NewTextHandler(&log, nil)))
		}()
		synctest.Wait()
		stop()
		<-done
		if log.Len() != 0 {
			t.Errorf("it logs:\n%s", &log)
		}
	})
}
