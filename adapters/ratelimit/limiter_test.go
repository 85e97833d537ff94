package ratelimit

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial is a clock that the test sets while the cache reads it in the background.
type dial struct{ at atomic.Pointer[time.Time] }

func newDial() *dial {
	d := new(dial)
	d.at.Store(new(time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)))
	return d
}

func (d *dial) now() time.Time { return *d.at.Load() }

func (d *dial) turn(by time.Duration) { d.at.Store(new(d.now().Add(by))) }

func newLimiter(t testing.TB, perMinute int, now func() time.Time) *Limiter {
	t.Helper()
	l, err := New(perMinute, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// exhaust empties the bucket of name and returns the number of requests admitted.
func exhaust(l *Limiter, name string) (n int) {
	for l.Take(name) == 0 {
		n++
	}
	return n
}

func TestTake_AdmitsABurstAndThenAtTheRate(t *testing.T) {
	t.Parallel()
	d := newDial()
	l := newLimiter(t, 120, d.now)
	if n := exhaust(l, "a"); n != 120 {
		t.Errorf("%d were admitted at once, want 120", n)
	}
	if wait := l.Take("a"); wait != 500*time.Millisecond {
		t.Errorf("the next request must wait %v, want 500ms", wait)
	}
	d.turn(10 * time.Second)
	if n := exhaust(l, "a"); n != 20 {
		t.Errorf("%d were admitted 10 s later, want 20", n)
	}
	d.turn(time.Hour)
	if n := exhaust(l, "a"); n != 120 {
		t.Errorf("%d were admitted an hour later, want 120", n)
	}
}

func TestTake_CountsNamesSeparately(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, 3, newDial().now)
	exhaust(l, "a")
	for _, name := range []string{"b", ""} {
		if n := exhaust(l, name); n != 3 {
			t.Errorf("%d were admitted under %q, want 3", n, name)
		}
	}
	if got := l.Refused(); got != 3 {
		t.Errorf("Refused returns %d, want 3", got)
	}
}

func TestTake_ReturnsTheExactWait(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := newDial()
		l, err := New(rapid.IntRange(1, 100).Draw(t, "perMinute"), d.now)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range rapid.IntRange(1, 5).Draw(t, "rounds") {
			exhaust(l, "a")
			d.turn(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "pause")))
			exhaust(l, "a")
			wait := l.Take("a")
			// A bucket is exact only to the microsecond.
			if d.turn(wait - time.Microsecond); wait > time.Microsecond && l.Take("a") == 0 {
				t.Fatalf("a request is admitted a microsecond before %v have passed", wait)
			}
			if d.turn(2 * time.Microsecond); l.Take("a") != 0 {
				t.Fatalf("no request is admitted after %v", wait)
			}
		}
	})
}

func TestTake_DoesNotWaitLongerAfterTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	d := newDial()
	l := newLimiter(t, 60, d.now)
	exhaust(l, "a")
	d.turn(-time.Hour)
	if wait := l.Take("a"); wait != time.Second {
		t.Fatalf("with the clock set back an hour, the next request must wait %v, want 1s", wait)
	}
	d.turn(time.Second)
	if n := exhaust(l, "a"); n != 1 {
		t.Errorf("%d were admitted a second later, want 1", n)
	}
}

func TestTake_AdmitsOneAllowanceAfterTheClockIsSetForward(t *testing.T) {
	t.Parallel()
	d := newDial()
	l := newLimiter(t, 60, d.now)
	for range 3 { // together more than a time.Duration can hold
		exhaust(l, "a")
		d.turn(200 * 365 * 24 * time.Hour)
		if n := exhaust(l, "a"); n != 60 {
			t.Errorf("%d were admitted, want 60", n)
		}
	}
	d.turn(time.Second)
	if n := exhaust(l, "a"); n != 1 {
		t.Errorf("%d were admitted a second later, want 1", n)
	}
}

func TestTake_AdmitsExactlyTheAllowanceConcurrently(t *testing.T) {
	t.Parallel()
	const allowance, callers = 500, 8
	l := newLimiter(t, allowance, newDial().now)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range allowance {
				if l.Take("a") == 0 {
					admitted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := admitted.Load(); got != allowance {
		t.Errorf("%d were admitted, want %d", got, allowance)
	}
}

func TestTake_BoundsTheNumberOfBuckets(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, 1, newDial().now)
	for i := range maxBuckets + maxBuckets/4 {
		l.Take(strconv.Itoa(i))
	}
	l.buckets.CleanUp()
	if held := l.buckets.EstimatedSize(); held > maxBuckets || held < maxBuckets/2 {
		t.Errorf("%d buckets are kept, want about %d and no more", held, maxBuckets)
	}
}

func TestTake_EvictsAFullBucket(t *testing.T) {
	t.Parallel()
	d := newDial()
	l := newLimiter(t, 2, d.now)
	exhaust(l, "a")
	for step := range 3 { // every use extends its life
		d.turn(time.Minute - time.Second)
		l.buckets.CleanUp()
		if held := l.buckets.EstimatedSize(); held != 1 {
			t.Fatalf("%d buckets are kept in step %d, want 1", held, step)
		}
		l.Take("a")
	}
	d.turn(bucketTTL + 2*time.Second)
	l.buckets.CleanUp()
	if held := l.buckets.EstimatedSize(); held != 0 {
		t.Errorf("%d buckets are kept, want none", held)
	}
}

func TestTake_AdmitsEverythingWithRateZero(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, 0, newDial().now)
	for range 10_000 {
		if wait := l.Take("a"); wait != 0 {
			t.Fatalf("a request must wait %v", wait)
		}
	}
}

func TestNew_RejectsANegativeRate(t *testing.T) {
	t.Parallel()
	if _, err := New(-1, time.Now); err == nil {
		t.Error("it is accepted")
	}
}
