package portstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunLimitStore tests the promises of [ports.LimitStore]. open returns a store that is
// ready and whose clock is now. The store may be shared, because every case has its own
// buckets.
func RunLimitStore(t *testing.T, open func(t testing.TB, now func() time.Time) ports.LimitStore) {
	cases := map[string]func(*testing.T, limitWorld){
		"grants exactly the limit":                           grantsTheLimit,
		"grants nothing if less than what is needed is left": grantsWhatIsNeeded,
		"counts each bucket separately":                      countsBucketsSeparately,
		"starts again in the next window":                    startsAgain,
		"says when the window ends":                          saysWhenWindowsEnd,
		"keeps the count when the limit changes":             keepsTheCount,
		"does not reset a count when the clock is set back":  keepsTheCountOfAnEarlierClock,
		"grants again what is given back":                    grantsAgain,
		"ignores shares of other windows":                    ignoresOtherWindows,
		"does not grant what was seen granted":               believesWhatWasSeen,
		"changes nothing in a peek":                          peeks,
		"changes nothing with a cancelled context":           limitsRespectContext,
		"forgets ended windows only":                         forgetsEndedWindows,
		"never grants one too many under concurrency":        grantsConcurrently,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := limitWorld{id: issue(t).id(), at: new(atomic.Pointer[time.Time])}
			w.set(limitsBegin)
			w.LimitStore = open(t, func() time.Time { return *w.at.Load() })
			run(t, w)
		})
	}
}

// limitsBegin is the time at which every case begins: 10 s after a full hour.
var limitsBegin = time.Date(2026, 3, 21, 10, 0, 10, 0, time.UTC)

// limitWorld is a store with a clock and a key of its own.
type limitWorld struct {
	ports.LimitStore

	id domain.KeyID
	at *atomic.Pointer[time.Time]
}

func (w limitWorld) set(t time.Time) { w.at.Store(&t) }

func (w limitWorld) bucket(t *testing.T, name, window string) ports.Bucket {
	t.Helper()
	parsed, ok := domain.ParseWindow(window)
	if !ok {
		t.Fatalf("no window: %s", window)
	}
	return ports.Bucket{KeyID: w.id, Name: name, Window: parsed}
}

func (w limitWorld) minute(t *testing.T) ports.Bucket {
	t.Helper()
	return w.bucket(t, "default", "60")
}

// lease requests a share and fails the test unless it is granted as wanted.
func (w limitWorld) lease(t *testing.T, request ports.LeaseRequest, granted, total int64) ports.Lease {
	t.Helper()
	lease, err := w.Lease(t.Context(), request)
	if err != nil {
		t.Fatalf("Lease: %v", err)
	}
	if lease.Granted != granted || lease.Total() != total {
		t.Fatalf("granted %d, total %d; want %d, %d", lease.Granted, lease.Total(), granted, total)
	}
	return lease
}

func (w limitWorld) giveBack(t *testing.T, shares ...ports.Share) {
	t.Helper()
	if err := w.GiveBack(t.Context(), shares); err != nil {
		t.Fatalf("GiveBack: %v", err)
	}
}

func grantsTheLimit(t *testing.T, w limitWorld) {
	b := w.minute(t)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 4}, 4, 4)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 4}, 4, 8)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 4}, 2, 10)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 4}, 0, 10)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10}, 0, 10)
	most := int64(domain.MaxQuota)
	w.lease(t, ports.LeaseRequest{Bucket: w.bucket(t, "quota", "TOTAL"), Max: most, Want: most + 1}, most, most)
}

func grantsWhatIsNeeded(t *testing.T, w limitWorld) {
	b := w.minute(t)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 8, Need: 8}, 8, 8)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 8, Need: 3}, 0, 8)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 8, Need: 2}, 2, 10)
}

func countsBucketsSeparately(t *testing.T, w limitWorld) {
	other := w
	other.id = issue(t).id()
	for _, b := range []ports.Bucket{
		w.minute(t), other.minute(t), w.bucket(t, "other", "60"), w.bucket(t, "default", "61"),
		w.bucket(t, "default", "86400"), w.bucket(t, "quota", "DAY"), w.bucket(t, "quota", "MONTH"), w.bucket(t, "quota", "TOTAL"),
	} {
		w.lease(t, ports.LeaseRequest{Bucket: b, Max: 1, Want: 1}, 1, 1)
	}
}

func startsAgain(t *testing.T, w limitWorld) {
	for window, next := range map[string]time.Time{
		"60":    time.Date(2026, 3, 21, 10, 1, 0, 0, time.UTC),
		"3600":  time.Date(2026, 3, 21, 11, 0, 0, 0, time.UTC),
		"86400": time.Date(2026, 3, 22, 0, 0, 0, 0, time.UTC),
		"DAY":   time.Date(2026, 3, 22, 0, 0, 0, 0, time.UTC),
		"MONTH": time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
	} {
		request := ports.LeaseRequest{Bucket: w.bucket(t, "default", window), Max: 3, Want: 2}
		w.set(limitsBegin)
		w.lease(t, request, 2, 2)
		w.set(next.Add(-time.Microsecond))
		w.lease(t, request, 1, 3)
		w.set(next)
		w.lease(t, request, 2, 2)
	}
	request := ports.LeaseRequest{Bucket: w.bucket(t, "quota", "TOTAL"), Max: 3, Want: 2}
	w.lease(t, request, 2, 2)
	w.set(limitsBegin.AddDate(100, 0, 0))
	w.lease(t, request, 1, 3)
}

func saysWhenWindowsEnd(t *testing.T, w limitWorld) {
	w.set(limitsBegin.Add(250 * time.Millisecond))
	for window, want := range map[string]struct {
		start time.Time
		left  time.Duration
	}{
		"60":    {limitsBegin.Truncate(time.Minute), 49*time.Second + 750*time.Millisecond},
		"DAY":   {limitsBegin.Truncate(24 * time.Hour), 14*time.Hour - 10*time.Second - 250*time.Millisecond},
		"MONTH": {time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 10*24*time.Hour + 14*time.Hour - 10*time.Second - 250*time.Millisecond},
	} {
		lease := w.lease(t, ports.LeaseRequest{Bucket: w.bucket(t, "default", window), Max: 1, Want: 1}, 1, 1)
		if !lease.Start.Equal(want.start) || lease.Left != want.left {
			t.Errorf("%s: started at %s with %s left, want %s, %s", window, lease.Start, lease.Left, want.start, want.left)
		}
	}
	lease := w.lease(t, ports.LeaseRequest{Bucket: w.bucket(t, "quota", "TOTAL"), Max: 1, Want: 1}, 1, 1)
	if lease.Left >= 0 {
		t.Errorf("TOTAL ends in %s", lease.Left)
	}
}

func keepsTheCount(t *testing.T, w limitWorld) {
	b := w.minute(t)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 10, Want: 8}, 8, 8)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 5, Want: 1}, 0, 8)
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 9, Want: 5}, 1, 9)
}

func keepsTheCountOfAnEarlierClock(t *testing.T, w limitWorld) {
	request := ports.LeaseRequest{Bucket: w.minute(t), Max: 3, Want: 2}
	first := w.lease(t, request, 2, 2)
	w.set(limitsBegin.Add(-time.Hour))
	again := w.lease(t, request, 1, 3)
	if !again.Start.Equal(first.Start) {
		t.Errorf("the window starts at %s, before it was %s", again.Start, first.Start)
	}
	w.set(limitsBegin)
	w.lease(t, request, 0, 3)
}

func grantsAgain(t *testing.T, w limitWorld) {
	minute, total := w.minute(t), w.bucket(t, "quota", "TOTAL")
	inMinute := w.lease(t, ports.LeaseRequest{Bucket: minute, Max: 10, Want: 10}, 10, 10)
	inTotal := w.lease(t, ports.LeaseRequest{Bucket: total, Max: 10, Want: 10}, 10, 10)
	w.giveBack(t,
		ports.Share{Bucket: minute, Start: inMinute.Start, Amount: 3},
		ports.Share{Bucket: total, Start: inTotal.Start, Amount: 4})
	w.lease(t, ports.LeaseRequest{Bucket: minute, Max: 10, Want: 5}, 3, 10)
	w.lease(t, ports.LeaseRequest{Bucket: total, Max: 10, Want: 5}, 4, 10)
	w.giveBack(t)
}

func ignoresOtherWindows(t *testing.T, w limitWorld) {
	request := ports.LeaseRequest{Bucket: w.minute(t), Max: 10, Want: 10}
	first := w.lease(t, request, 10, 10)
	w.set(limitsBegin.Add(time.Minute))
	w.lease(t, request, 10, 10)
	unknown := w.bucket(t, "unknown", "60")
	w.giveBack(t,
		ports.Share{Bucket: request.Bucket, Start: first.Start, Amount: 10},
		ports.Share{Bucket: unknown, Start: first.Start, Amount: 10})
	w.lease(t, request, 0, 10)
	w.lease(t, ports.LeaseRequest{Bucket: unknown, Max: 10, Want: 20}, 10, 10)
}

func believesWhatWasSeen(t *testing.T, w limitWorld) {
	b := w.minute(t)
	first := w.lease(t, ports.LeaseRequest{Bucket: b, Max: 100, Want: 10}, 10, 10)
	seen := first
	seen.GrantedToAll, seen.Returned = 97, 2
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 100, Want: 10, Seen: seen}, 5, 100)
	seen.GrantedToAll, seen.Returned = 20, 1
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 110, Want: 5, Seen: seen}, 5, 105)
	w.giveBack(t, ports.Share{Bucket: b, Start: first.Start, Amount: 30})
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 105, Want: 50, Seen: seen}, 30, 105)
	w.set(limitsBegin.Add(time.Minute))
	w.lease(t, ports.LeaseRequest{Bucket: b, Max: 100, Want: 10, Seen: seen}, 10, 10)

	unknown := w.bucket(t, "unknown", "60")
	seen = ports.Lease{GrantedToAll: 60, Start: limitsBegin.Add(time.Minute).Truncate(time.Minute)}
	w.lease(t, ports.LeaseRequest{Bucket: unknown, Max: 100, Want: 50, Seen: seen}, 40, 100)
}

func peeks(t *testing.T, w limitWorld) {
	request := ports.LeaseRequest{Bucket: w.minute(t), Max: 10, Want: 4}
	peek := func(total int64) {
		t.Helper()
		lease, err := w.Peek(t.Context(), request)
		if err != nil || lease.Granted != 0 || lease.Total() != total || !lease.Start.Equal(limitsBegin.Truncate(time.Minute)) {
			t.Fatalf("Peek: %+v, %v; want a total of %d", lease, err, total)
		}
	}
	peek(0)
	w.lease(t, request, 4, 4)
	peek(4)
	w.lease(t, request, 4, 8)
}

func limitsRespectContext(t *testing.T, w limitWorld) {
	request := ports.LeaseRequest{Bucket: w.minute(t), Max: 10, Want: 5}
	lease := w.lease(t, request, 5, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, leaseErr := w.Lease(ctx, request)
	_, peekErr := w.Peek(ctx, request)
	_, forgetErr := w.ForgetLimits(ctx, 10)
	for name, err := range map[string]error{
		"Lease":        leaseErr,
		"Peek":         peekErr,
		"GiveBack":     w.GiveBack(ctx, []ports.Share{{Bucket: request.Bucket, Start: lease.Start, Amount: 5}}),
		"ForgetLimits": forgetErr,
	} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: %v, want unavailable", name, err)
		}
	}
	w.lease(t, request, 5, 10)
}

func forgetsEndedWindows(t *testing.T, w limitWorld) {
	// Long before the windows of the other cases, which must not be forgotten.
	begin := limitsBegin.AddDate(-6, 0, 0)
	w.set(begin)
	minute := ports.LeaseRequest{Bucket: w.minute(t), Max: 10, Want: 4}
	month := ports.LeaseRequest{Bucket: w.bucket(t, "quota", "MONTH"), Max: 10, Want: 4}
	total := ports.LeaseRequest{Bucket: w.bucket(t, "quota", "TOTAL"), Max: 10, Want: 4}
	for _, request := range []ports.LeaseRequest{minute, month, total} {
		w.lease(t, request, 4, 4)
	}
	forgetAll := func() {
		t.Helper()
		for removed := 1; removed > 0; {
			var err error
			if removed, err = w.ForgetLimits(t.Context(), 1); err != nil || removed > 1 {
				t.Fatalf("ForgetLimits: %d, %v", removed, err)
			}
		}
	}
	w.set(begin.Truncate(time.Minute).Add(time.Hour + time.Minute - time.Microsecond))
	forgetAll()
	w.set(begin)
	w.lease(t, minute, 4, 8)
	w.set(begin.Truncate(time.Minute).Add(time.Hour + time.Minute))
	forgetAll()
	w.set(begin)
	w.lease(t, minute, 4, 4)
	w.lease(t, month, 4, 8)
	w.lease(t, total, 4, 8)
}

func grantsConcurrently(t *testing.T, w limitWorld) {
	const limit, callers = 200, 8
	request := ports.LeaseRequest{Bucket: w.minute(t), Max: limit, Want: 3}
	var granted atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, callers)
	for range callers {
		wg.Go(func() {
			for {
				lease, err := w.Lease(t.Context(), request)
				switch {
				case err != nil:
					failed <- err
					return
				case lease.Granted < 0 || lease.Granted > request.Want || lease.Total() > limit:
					failed <- fmt.Errorf("lease %+v", lease)
					return
				case lease.Granted == 0:
					return
				}
				granted.Add(lease.Granted)
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	if granted.Load() != limit {
		t.Errorf("granted %d, want %d", granted.Load(), limit)
	}
}
