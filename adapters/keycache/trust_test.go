package keycache

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// advance sets the time since the confirmation by each clock. A [time.Time]
// with clocks that disagree cannot be created, because only the system sets its
// monotonic part, so advance changes the confirmation.
func (w *world) advance(monotonic, wall time.Duration) {
	moved := *w.trust.last.Load()
	moved.sent = moved.sent.Add(-monotonic)
	moved.wall -= int64(wall)
	w.trust.last.Store(&moved)
}

func TestFind_WhenTheClocksDisagree(t *testing.T) {
	t.Parallel()
	const grace = time.Minute
	for name, tt := range map[string]struct {
		monotonic, wall time.Duration // since the last confirmation
		want            string        // while the store is down
		reads           int64         // that were tried
	}{
		"the wall clock was set back just now":                 {monotonic: time.Millisecond, wall: -time.Hour, want: "OK"},
		"the wall clock was set back, and a second has passed": {monotonic: confirmedFor + 1, wall: -time.Hour, want: "OK", reads: 1},
		"the wall clock was set back, and the grace has ended": {monotonic: grace + 1, wall: -time.Hour, want: "unavailable", reads: 1},
		"the wall clock was set forward":                       {monotonic: time.Millisecond, wall: time.Hour, want: "unavailable", reads: 1},
		"the machine was suspended for less than a second":     {monotonic: time.Millisecond, wall: confirmedFor, want: "OK"},
		"the machine was suspended for more than a second":     {monotonic: time.Millisecond, wall: confirmedFor + 1, want: "OK", reads: 1},
		"the machine was suspended for longer than the grace":  {monotonic: time.Millisecond, wall: grace + 1, want: "unavailable", reads: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, grace)
			id := w.cachedKey(t)
			w.store.fail(domain.ErrUnavailable)
			w.advance(tt.monotonic, tt.wall)
			expect(t, "check", w.status(t, id), tt.want)
			w.expectReads(t, 1+tt.reads)
		})
	}
}

func TestConfirm_ReadsBothClocks(t *testing.T) {
	t.Parallel()
	var tr trust
	sent := time.Now()
	tr.confirm(sent)
	last := tr.last.Load()
	if !last.sent.Equal(sent) || last.sent.String() == sent.Round(0).String() {
		t.Error("the monotonic clock is not kept")
	}
	if last.wall != sent.UnixNano() {
		t.Error("the wall clock is not kept")
	}
}

func TestAge_IsTheLargerOfBothClocks(t *testing.T) {
	t.Parallel()
	var tr trust
	since := time.Now()
	tr.confirm(since)
	if got := tr.last.Load().age(since.Add(time.Minute)); got != time.Minute {
		t.Errorf("both advance: %v", got)
	}
	// A time without a monotonic reading simulates a suspended machine: only
	// the wall clock moved.
	if got := tr.last.Load().age(since.Add(time.Hour).Round(0)); got != time.Hour {
		t.Errorf("the monotonic clock stood still: %v", got)
	}
}

func TestFind_DoesNotTrustTheCacheLongerAfterTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Hour)
	id := w.storedKey(t)
	expect(t, "at first", w.status(t, id), "OK")
	w.clock = w.clock.Add(-time.Hour) // begin has no monotonic reading that would show it
	w.store.put(id, true)
	expect(t, "set back", w.status(t, id), "DISABLED")
	w.store.fail(domain.ErrUnavailable)
	expect(t, "set back, without the store", w.status(t, id), "unavailable")
	w.poll(t)
	w.store.fail(nil)
	expect(t, "confirmed since", w.status(t, id), "DISABLED")
}

// If a clock without a monotonic reading is set back by a second at most, it
// counts as a correction.
func TestTrust_EndsWithAClockThatIsSetBackByMoreThanASecond(t *testing.T) {
	t.Parallel()
	tr := trust{grace: time.Hour}
	tr.confirm(begin)
	for back, want := range map[time.Duration]standing{1: confirmed, time.Second: confirmed, time.Second + 1: expired} {
		if got := tr.at(begin.Add(-back)); got != want {
			t.Errorf("set back by %v: standing %d, want %d", back, got, want)
		}
	}
}
